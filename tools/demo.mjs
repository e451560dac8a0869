// Runs the example until Ctrl-C, as its README says: in its own folder.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const port = process.env.PORT ?? '8080';
const places = `${process.env.PATH ?? ''}${delimiter}/usr/sbin`.split(delimiter);
const hasNginx = places.some((dir) => existsSync(join(dir, 'nginx')));

/** Without nginx the front is the embedded engine, by a second file that is merged into the first. */
function embedded() {
  console.log('there is no nginx here: the embedded engine is the front');
  execFileSync(process.execPath, [resolve(root, 'tools/front.mjs')]);
  const bin = resolve(root, 'build/front/bin');
  mkdirSync(bin, { recursive: true });
  const link = join(bin, 'tandem-front');
  if (!existsSync(link)) symlinkSync('../tandem-front.mjs', link);
  const overlay = resolve(root, 'build/demo.yaml');
  writeFileSync(overlay, 'front:\n  engine: node\n');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  return { args: ['-f', 'tandem.yaml', '-f', overlay], env };
}

const { args, env } = hasNginx ? { args: [], env: process.env } : embedded();
const server = hasNginx ? 'nginx' : 'the embedded engine';
console.log(
  `open http://127.0.0.1:${port}/  (${server} serves /static/, Flask the rest; Ctrl-C stops)`,
);
const child = spawn(resolve(root, 'build/tandem'), args, {
  cwd: resolve(root, 'examples/nginx-flask'),
  env,
  stdio: 'inherit',
});
// The terminal signals the whole group: Tandem gets Ctrl-C itself, and this waits for it.
for (const signal of ['SIGINT', 'SIGQUIT']) process.on(signal, () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
