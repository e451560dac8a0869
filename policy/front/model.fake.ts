/** Fronts for tests: what is not given is what a plan gives. */
import { newDirectory, newUpstream } from '../plan/planned-front.ts';
import {
  type DirectoryRoute,
  type FrontPlan,
  type FrontRoute,
  frontVersion,
  type ProcessRoute,
  privateNetworks,
} from './model.ts';

export function frontOf(routes: readonly FrontRoute[], given: Partial<FrontPlan> = {}): FrontPlan {
  return {
    version: frontVersion,
    engine: 'nginx',
    port: 8080,
    socket: null,
    ipv6: false,
    http2: 'off',
    compress: false,
    accessLog: 'off',
    traceProject: null,
    readyPath: null,
    livePath: null,
    stoppingFile: null,
    trustedProxies: privateNetworks,
    headers: [],
    clientTimeoutMs: 60_000,
    workers: 1,
    stopMs: 8500,
    nginx: { http: '', server: '', locations: [] },
    routes,
    ...given,
  };
}

export function toDirectory(
  path: string,
  directory: string,
  given: Partial<DirectoryRoute> & Partial<Pick<FrontRoute, 'headers'>> = {},
): FrontRoute {
  return { ...newDirectory(path, directory), headers: [], ...given };
}

export function toPort(
  path: string,
  port: number,
  given: Partial<ProcessRoute> & Partial<Pick<FrontRoute, 'headers'>> = {},
): FrontRoute {
  const {
    port: _port,
    socket: _socket,
    root: _root,
    script: _script,
    ...rest
  } = newUpstream(path, 'app');
  const address = { type: 'tcp', host: '127.0.0.1', port } as const;
  const bound = { requestHeaders: [], headers: [], timeoutMs: 3_600_000, fastcgi: null };
  return { ...rest, ...bound, address, ...given };
}
