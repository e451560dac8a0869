/** The embedded engine under test, as it is shipped: one bundled file, run by Node. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import {
  type FrontPlan,
  type FrontRoute,
  frontVersion,
  type ProcessRoute,
} from '../../policy/front/model.ts';
import { freePort } from '../http.ts';

const bundle = 'build/front/tandem-front.mjs';
const started = new Set<ChildProcess>();
const folders: string[] = [];

afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tandem-embedded-'));
  folders.push(path);
  return path;
}

export async function until<T>(what: () => T | Promise<T>, ms = 20_000): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await what();
    if (value !== null && value !== undefined && value !== false) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`not true after ${ms} ms: ${what.toString()}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

export function toProcess(
  path: string,
  port: number,
  more: Partial<ProcessRoute> = {},
): FrontRoute {
  return {
    path,
    headers: [],
    type: 'process',
    process: 'app',
    address: { type: 'tcp', host: '127.0.0.1', port },
    protocol: 'http',
    stripPrefix: false,
    timeoutMs: 20_000,
    buffering: false,
    maxBodyBytes: 32 << 20,
    websocket: true,
    requestHeaders: [],
    cors: [],
    fastcgi: null,
    ...more,
  };
}

export type Engine = {
  readonly port: number;
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
};

export async function startEngine(
  routes: readonly FrontRoute[],
  more: Partial<FrontPlan> = {},
): Promise<Engine> {
  if (!existsSync(bundle)) execFileSync(process.execPath, ['tools/front.mjs']);
  const port = more.port ?? (await freePort());
  const plan: FrontPlan = {
    version: frontVersion,
    engine: 'node',
    port,
    socket: null,
    ipv6: false,
    http2: 'on',
    compress: false,
    accessLog: 'off',
    traceProject: null,
    readyPath: null,
    livePath: null,
    stoppingFile: null,
    trustedProxies: [],
    headers: [],
    clientTimeoutMs: 60_000,
    workers: 1,
    stopMs: 5000,
    nginx: { http: '', server: '', locations: [] },
    routes,
    ...more,
  };
  const file = join(folder(), 'front.json');
  writeFileSync(file, JSON.stringify(plan));
  const child = spawn(process.execPath, [bundle, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
    err += data.toString();
  });
  const ended = new Promise<number | null>((done) => {
    child.on('exit', (code) => {
      started.delete(child);
      done(code);
    });
  });
  await until(async () => (await accepts(port)) || child.exitCode !== null);
  return { port, child, out: () => out, err: () => err, ended };
}
