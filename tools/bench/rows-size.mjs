/** What each adds to an image, and how many instructions a start takes. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { path, root, tandem, work } from './lib.mjs';

/** Bytes of a package and of all it needs beyond a minimal Debian with bash. */
function debianBytes(names) {
  const args = [
    '-s',
    '-o',
    'Debug::NoLocking=1',
    '--no-install-recommends',
    '-o',
    'Dir::State::status=/dev/null',
    'install',
    ...names,
  ];
  const wanted = spawnSync('apt-get', args, { encoding: 'utf8', env: { PATH: path, LC_ALL: 'C' } });
  const all = [...wanted.stdout.matchAll(/^Inst (\S+)/gm)].map((one) => one[1]);
  // Of these, what every minimal image has anyway is not counted.
  const essential = new Set(
    spawnSync('dpkg-query', ['-W', '-f', '${Package} ${Essential} ${Priority}\n'], {
      encoding: 'utf8',
    })
      .stdout.split('\n')
      .filter((line) => / yes /.test(line) || /required$/.test(line))
      .map((line) => line.split(' ')[0]),
  );
  const base = new Set(
    [
      ...spawnSync('apt-get', [...args.slice(0, -names.length), ...essential], {
        encoding: 'utf8',
        env: { PATH: path, LC_ALL: 'C' },
      }).stdout.matchAll(/^Inst (\S+)/gm),
    ].map((one) => one[1]),
  );
  const own = all.filter((name) => !base.has(name));
  const sizes = spawnSync('apt-cache', ['show', '--no-all-versions', ...own], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const kb = [...sizes.stdout.matchAll(/^Installed-Size: (\d+)/gm)].reduce(
    (sum, one) => sum + Number(one[1]),
    0,
  );
  return own.length === 0 ? null : kb * 1024;
}

function folderBytes(dir) {
  const r = spawnSync('du', ['-sb', dir], { encoding: 'utf8' });
  return Number(/^(\d+)/.exec(r.stdout)?.[1] ?? Number.NaN);
}

export function imageRows() {
  return {
    Tandem: statSync(tandem).size,
    tini: debianBytes(['tini']),
    'dumb-init': debianBytes(['dumb-init']),
    catatonit: debianBytes(['catatonit']),
    s6: debianBytes(['s6']),
    runit: debianBytes(['runit']),
    supervisord: debianBytes(['supervisor']),
    foreman: debianBytes(['ruby-foreman']),
    'concurrently, without Node': folderBytes(join(root, '.cache/bench/node_modules/concurrently')),
    'pm2 with what it needs, without Node': folderBytes(join(root, '.cache/bench/node_modules')),
    node: debianBytes(['nodejs']),
  };
}

/** Counted by valgrind: the same whatever else the machine does. */
export function instructionRows() {
  const ways = {
    'Tandem, commands': [tandem, 'run', 'true', 'true'],
    'bare C loop': [join(work, 'loop'), 'true', '--', 'true'],
    bash: ['bash', '-c', 'true & true & wait -n'],
  };
  const out = {};
  for (const [name, words] of Object.entries(ways)) {
    const r = spawnSync('valgrind', ['--tool=none', '--trace-children=no', '--version'], {
      encoding: 'utf8',
    });
    if (r.status !== 0) return null;
    const counted = spawnSync(
      'valgrind',
      ['--tool=callgrind', '--callgrind-out-file=/dev/null', ...words],
      { encoding: 'utf8', env: { PATH: path } },
    );
    const all = [...counted.stderr.matchAll(/Collected : (\d+)/g)].map((one) => Number(one[1]));
    out[name] = all.length > 0 ? Math.max(...all) : null;
  }
  return out;
}
