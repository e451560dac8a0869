/** A directory's files: GET and HEAD, ranges and conditions by `send`, nothing outside the directory. */
import { lstat, readFile, stat } from 'node:fs/promises';
import mime from 'mime-types';
import send from 'send';
import type { DirectoryRoute, FrontRoute } from '../../policy/front/model.ts';
import { answer, type Exchange } from './exchange.ts';
import { textOf } from './target.ts';

type Found =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'directory' }
  | { readonly type: 'refused'; readonly status: 403 | 404 };

const missing: Found = { type: 'refused', status: 404 };

/** Every part below the directory is looked at: a link in the middle leads out as well as one at the end. */
async function find(route: DirectoryRoute, parts: readonly string[]): Promise<Found> {
  let path = route.directory;
  if (!route.dotfiles && parts.some((part) => part.startsWith('.'))) return missing;
  try {
    if (!route.symlinks)
      for (const [i, part] of parts.entries()) {
        path += `/${part}`;
        if (!(await lstat(path)).isSymbolicLink()) continue;
        // A link in the way is no folder; one at its end is a file that may not be read.
        return i < parts.length - 1 ? missing : { type: 'refused', status: 403 };
      }
    const whole = [route.directory, ...parts].join('/');
    const facts = await stat(whole);
    if (facts.isDirectory()) return { type: 'directory' };
    return facts.isFile() ? { type: 'file', path: whole } : { type: 'refused', status: 403 };
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
    return { type: 'refused', status: denied ? 403 : 404 };
  }
}

async function findIndex(route: DirectoryRoute, parts: readonly string[]): Promise<Found> {
  for (const name of route.index) {
    const found = await find(route, [...parts, ...name.split('/')]);
    if (found.type === 'file') return found;
    if (found.type === 'refused' && found.status === 403) return found;
  }
  return { type: 'refused', status: 403 };
}

function takesGzip(one: Exchange): boolean {
  const said = String(one.req.headers['accept-encoding'] ?? '');
  return /(^|,)\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[\d.]+\s*)?(,|$)/i.test(said);
}

async function packed(one: Exchange, route: DirectoryRoute, path: string): Promise<boolean> {
  if (!route.precompressed) return false;
  one.res.setHeader('Vary', 'Accept-Encoding');
  if (!takesGzip(one)) return false;
  try {
    return (await stat(`${path}.gz`)).isFile();
  } catch {
    return false;
  }
}

function sendFile(
  one: Exchange,
  route: DirectoryRoute,
  path: string,
  encoding: string | null,
): void {
  const { req, res } = one;
  const file = encoding === null ? path : `${path}.gz`;
  const stream = send(req, encodeURI(file).replace(/[?#]/g, encodeURIComponent), {
    cacheControl: false,
    dotfiles: 'allow',
    index: false,
  });
  stream.on('headers', () => {
    if (route.cache !== null) res.setHeader('Cache-Control', route.cache);
    if (encoding !== null) res.setHeader('Content-Encoding', encoding);
  });
  stream.on('error', (error: { status?: number; headers?: Record<string, string> }) => {
    const status = error.status ?? 500;
    const range = status === 416 ? res.getHeader('Content-Range') : undefined;
    answer(one, status, range === undefined ? {} : { 'Content-Range': String(range) });
  });
  stream.on('directory', () => answer(one, 404));
  if (encoding !== null) {
    // The type is that of what is inside.
    res.setHeader('Content-Type', typeOf(path));
  }
  stream.pipe(res);
}

function typeOf(path: string): string {
  const type = mime.lookup(path) || 'application/octet-stream';
  return mime.contentType(type) || type;
}

async function notThere(one: Exchange, route: DirectoryRoute): Promise<void> {
  const name = route.notFound;
  const found = name === null ? missing : await find(route, name.split('/'));
  if (found.type !== 'file') return answer(one, 404);
  const body = await readFile(found.path, 'utf8');
  return answer(one, 404, {}, body, typeOf(found.path));
}

export async function serveFile(one: Exchange, route: FrontRoute & DirectoryRoute): Promise<void> {
  const { req, target } = one;
  if (req.method !== 'GET' && req.method !== 'HEAD')
    return answer(one, 405, { Allow: 'GET, HEAD' });
  const rest = textOf(target.path.slice(Buffer.from(route.path).length));
  const isFolder = rest === '' || rest.endsWith('/');
  const parts = rest.split('/').filter((part) => part !== '');
  let found = await find(route, parts);
  if (found.type === 'directory' && !isFolder) {
    const to = `${encodeURI(textOf(target.path)).replace(/[?#]/g, encodeURIComponent)}/`;
    return answer(one, 301, { Location: `${to}${target.query.length > 1 ? target.query : ''}` });
  }
  // A slash behind a file's name names nothing.
  if (found.type === 'file' && isFolder) found = missing;
  if (found.type === 'directory') {
    found = await findIndex(route, parts);
    if (found.type === 'refused' && route.spa) found = missing;
  }
  if (found.type === 'refused' && found.status === 404 && route.spa)
    found = await findIndex(route, []);
  if (found.type === 'refused')
    return found.status === 404 ? notThere(one, route) : answer(one, 403);
  if (found.type !== 'file') return answer(one, 404);
  return sendFile(one, route, found.path, (await packed(one, route, found.path)) ? 'gzip' : null);
}
