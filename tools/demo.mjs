// Runs the example until Ctrl-C, as its README says: in its own folder.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const port = process.env.PORT ?? '8080';
console.log(
  `open http://127.0.0.1:${port}/  (nginx serves /static/, Flask the rest; Ctrl-C stops)`,
);
const child = spawn(resolve(root, 'build/tandem'), [], {
  cwd: resolve(root, 'examples/nginx-flask'),
  stdio: 'inherit',
});
// The terminal signals the whole group: Tandem gets Ctrl-C itself, and this waits for it.
for (const signal of ['SIGINT', 'SIGQUIT']) process.on(signal, () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
