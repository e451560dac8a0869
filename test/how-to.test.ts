/**
 * Goal: every page of docs/how-to says the truth about what it comes from and about Tandem.
 * Method: the files are taken out of the page, each entrypoint is run as PID 1, and what is seen
 * is compared with the page's own tables. Only ports and the folder are others.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, firstChildOf, folder, tandem, until } from './binary.ts';
import { ask, freePort } from './http.ts';

const pages = resolve('docs/how-to');
const longMs = 120_000;
const testMs = 400_000;
const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const modules = resolve('node_modules/.bin');

type Page = {
  /** One process, and nothing in front of it. */
  readonly alone: boolean;
  /** By path in the page: `before/start.sh`. */
  readonly files: ReadonlyMap<string, string>;
  /** By column, what is claimed in each row. */
  readonly claims: ReadonlyMap<string, ReadonlyMap<string, string>>;
};

/** Fences whose first line names a file, and tables whose columns are folders of files. */
function read(name: string): Page {
  const text = readFileSync(join(pages, name), 'utf8');
  const files = new Map<string, string>();
  for (const [, path = '', body = ''] of text.matchAll(/^```\S+ (\S+)\n([\s\S]*?)^```$/gm))
    files.set(path, body);
  const sides = new Set([...files.keys()].map((path) => path.split('/')[0] as string));
  const claims = new Map<string, Map<string, string>>();
  let columns: readonly string[] = [];
  for (const line of text.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length < 3) columns = [];
    else if (columns.length === 0) columns = cells.slice(2, -1);
    else if (columns.every((one) => sides.has(one)) && !/^-+$/.test(cells[1] ?? ''))
      columns.forEach((column, i) => {
        const rows = claims.get(column) ?? new Map<string, string>();
        claims.set(column, rows.set(cells[1] ?? '', cells[i + 2] ?? ''));
      });
  }
  return { alone: name === 'from-tini.md', files, claims };
}

/** Ports of its own and the folder where the page has 8080, 8081 and /srv. */
type Place = {
  readonly dir: string;
  /** Where requests go: to nginx, or to the app where there is nothing before it. */
  readonly port: number;
  readonly appPort: number;
  readonly entry: readonly string[];
  readonly path: string;
};

async function lay(page: Page, side: string): Promise<Place> {
  const dir = folder();
  const [front, app] = [await freePort(), await freePort()];
  const own = (text: string): string =>
    text.replaceAll('8080', `${front}`).replaceAll('8081', `${app}`).replaceAll('/srv', dir);
  for (const name of readdirSync(join(pages, 'app')))
    writeFileSync(join(dir, name), own(readFileSync(join(pages, 'app', name), 'utf8')));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  copyFileSync(tandem, join(bin, 'tandem'));
  let entry: readonly string[] = [];
  for (const [path, text] of page.files) {
    if (!path.startsWith(`${side}/`)) continue;
    const file = join(dir, path.slice(side.length + 1));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, own(text));
    if (text.startsWith('#!')) chmodSync(file, 0o755);
    if (!path.endsWith('/Dockerfile')) continue;
    entry = JSON.parse(own(/^ENTRYPOINT (\[.*\])$/m.exec(text)?.[1] ?? '[]'));
    const link = /^RUN ln -s tandem \/usr\/bin\/(\S+)$/m.exec(text)?.[1];
    if (link !== undefined) symlinkSync('tandem', join(bin, link));
  }
  const port = page.alone ? app : front;
  return { dir, port, appPort: app, entry, path: `${bin}:${system}:${modules}` };
}

function missing(program: string): string | null {
  const found = [...system.split(':'), modules].some((dir) => existsSync(join(dir, program)));
  return found ? null : program;
}

type Running = {
  readonly said: () => string;
  readonly ended: Promise<number>;
  readonly isOver: () => boolean;
  readonly stop: () => void;
};

const started = new Set<ChildProcess>();
afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
  cleanUp();
});

/** As a container would: PID 1 of its own, nothing of this machine's environment. */
function run(
  place: Place,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Running {
  const inside = ['--pid', '--fork', '--kill-child', '--mount-proc', ...words];
  // Node's own pipes are sockets, and a socket can't be opened as /dev/fd/1.
  const file = join(place.dir, 'said');
  const out = openSync(file, 'a');
  const child = spawn('unshare', inside, {
    cwd: place.dir,
    env: { PATH: place.path, HOME: place.dir, PM2_HOME: join(place.dir, '.pm2'), ...env },
    stdio: ['ignore', out, out],
  });
  started.add(child);
  closeSync(out);
  let over = false;
  const ended = new Promise<number>((done) => {
    child.on('exit', (code) => {
      over = true;
      started.delete(child);
      done(code ?? -1);
    });
  });
  const stop = (): void => {
    const inner = firstChildOf(child.pid as number);
    if (inner !== null) process.kill(inner, 'SIGTERM');
  };
  return { said: () => readFileSync(file, 'utf8'), ended, isOver: () => over, stop };
}

async function how(port: number, path: string): Promise<string> {
  const answer = await ask(port, path);
  return answer.type === 'answer' ? `${answer.status}` : answer.why;
}

/** Asks until the app answers; what was seen before it did. */
async function untilUp(port: number, running: Running): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const giveUp = performance.now() + longMs;
  while (performance.now() < giveUp) {
    const one = await how(port, '/');
    if (one === '200') return seen;
    seen.add(one);
    await new Promise((next) => setTimeout(next, 5));
  }
  throw new Error(`the app is not up\n${running.said()}`);
}

/** What is to be seen from outside, by the row that claims it. */
async function startAndStop(place: Place): Promise<Map<string, string>> {
  const { port } = place;
  const running = run(place, place.entry, {});
  const seen = await untilUp(port, running);
  const start = seen.has('502') ? '502' : [...seen].join(', ');
  let sent = false;
  const slow = ask(port, '/slow', {
    onSent: () => {
      sent = true;
    },
  });
  await until('the request to leave', () => sent);
  // Answered on connections that came later: the slow one has been read.
  for (let i = 0; i < 3; i += 1) expect(await how(port, '/')).toBe('200');
  running.stop();
  const answer = await slow;
  const code = await running.ended;
  return new Map([
    ['until the app is up', start],
    [
      'a request in flight at the stop',
      answer.type === 'answer' && answer.status === 200 ? 'answered' : 'cut',
    ],
    ['exit code of a stop', `${code}`],
  ]);
}

/** The end, or the app once more. */
async function crash(place: Place): Promise<string> {
  const { port } = place;
  const running = run(place, place.entry, {});
  await untilUp(port, running);
  await how(port, '/crash');
  let again = false;
  const giveUp = performance.now() + longMs;
  while (!running.isOver() && !again && performance.now() < giveUp) {
    await new Promise((next) => setTimeout(next, 20));
    again = (await how(port, '/')) === '200';
  }
  if (running.isOver()) return `exit code ${await running.ended}`;
  return again ? 'it is started again' : running.said();
}

async function broken(place: Place): Promise<string> {
  const running = run(place, place.entry, { BROKEN: '1' });
  await until(
    'an end',
    () => running.isOver() || running.said().includes('FATAL'),
    running.said,
    longMs,
  );
  if (running.isOver()) return `exit code ${await running.ended}`;
  return `it stays, with ${await how(place.port, '/')}`;
}

const names = readdirSync(pages).filter((name) => name.startsWith('from-'));

test('there is a page for each of the seven ways, and the index has them all', () => {
  expect(names).toHaveLength(7);
  const index = readFileSync(join(pages, 'README.md'), 'utf8');
  for (const name of names) expect(index).toContain(`(${name})`);
});

for (const name of names) {
  const page = read(name);
  describe(name, () => {
    for (const [side, rows] of page.claims) {
      const dockerfile = page.files.get(`${side}/Dockerfile`) ?? '';
      const entry: readonly string[] = JSON.parse(
        /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]',
      );
      const needs = [entry[0] ?? '', 'nginx', 'unshare', 'python3'];
      const lacks = dockerfile.includes('--from=tandem')
        ? needs.slice(1).flatMap((one) => missing(one) ?? [])
        : needs.flatMap((one) => missing(one) ?? []);
      const why = process.getuid?.() === 0 ? lacks.join(', ') : 'only as root';
      const title = why === '' ? side : `${side} (skipped: ${why})`;
      // An init of nginx alone: the app is elsewhere.
      const beside = name === 'from-dumb-init.md';
      test.skipIf(why !== '')(
        `${title}: what its table says`,
        async () => {
          const place = await lay(page, side);
          if (beside) {
            const app = run(place, ['python3', 'app.py'], {});
            await untilUp(place.appPort, app);
          }
          const seen = await startAndStop(place);
          if (rows.has('the app exits with 7'))
            seen.set('the app exits with 7', await crash(await lay(page, side)));
          if (rows.has('the app cannot start'))
            seen.set('the app cannot start', await broken(await lay(page, side)));
          const claimed = Object.fromEntries(rows);
          const found = Object.fromEntries([...seen].filter(([row]) => rows.has(row)));
          expect(found).toEqual(claimed);
        },
        testMs,
      );
    }
    test('every column of its tables was read', () => {
      const sides = new Set([...page.files.keys()].map((path) => path.split('/')[0]));
      expect([...page.claims.keys()].sort()).toEqual([...sides].sort());
    });
  });
}
