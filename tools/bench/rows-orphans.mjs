/** 20,000 orphans as PID 1: who is left a zombie, and what collecting them costs. */
import { join } from 'node:path';
import { end, read, run, sleep, tandem, tree, until, work } from './lib.mjs';

const child = join(work, 'child');

const ways = {
  tini: ['tini', '-s', '--'],
  'tini-static': ['tini-static', '-s', '--'],
  'dumb-init': ['dumb-init', '--'],
  catatonit: ['catatonit', '--'],
  Tandem: [tandem, '--'],
  'Tandem, two processes': [tandem, 'run', 'sleep 600'],
};

/** CPU of one process in ms: user and system. */
function cpuMs(pid) {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function once(words, count) {
  // What makes them stays behind in a shell: the end of a process would be the end of all.
  const shell = `${child} -o ${count}; sleep 600`;
  const last = words[1] === 'run' ? [`sh -c "${shell}"`] : ['sh', '-c', shell];
  const runner = run([
    'unshare',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...words,
    ...last,
  ]);
  const pid1 = await until('PID 1', () => tree(runner.child.pid)[1]);
  const maker = () =>
    tree(pid1).some((pid) => read(`/proc/${pid}/cmdline`).startsWith(`${child}\0-o`));
  await until('the maker', maker);
  await until('the end of the maker', () => !maker(), 300_000);
  await sleep(300);
  const zombies = tree(pid1).filter((pid) => / Z /.test(read(`/proc/${pid}/stat`))).length;
  const cpu = cpuMs(pid1);
  await end(runner);
  return { zombies, cpuMs: cpu };
}

export async function orphanRows(quick, say) {
  const count = quick ? 4000 : 20_000;
  const out = { count };
  for (let round = 0; round < (quick ? 2 : 3); round += 1)
    for (const [name, words] of Object.entries(ways)) {
      const one = await once(words, count);
      out[name] ??= { zombies: 0, cpuMs: [] };
      out[name].zombies += one.zombies;
      out[name].cpuMs.push(one.cpuMs);
      say(`orphans: ${name}`);
    }
  return out;
}
