/**
 * Requests that are meant to be read in two ways. `refused`: an error or a closed connection, and
 * the app has seen nothing; `one`: the app has seen exactly one request, to `/one`. Where both are
 * safe, an engine may do either, and docs/front.md says which does what.
 */
export type Verdict = 'refused' | 'one';

const get = (lines: string, path = '/one'): string =>
  `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${lines}Connection: close\r\n\r\n`;
const post = (lines: string, body: string): string =>
  `POST /one HTTP/1.1\r\nHost: shop.example\r\n${lines}Connection: close\r\n\r\n${body}`;
/** What a smuggler would like to see asked. */
const hidden = 'GET /hidden HTTP/1.1\r\nHost: shop.example\r\n\r\n';
const chunked = `0\r\n\r\n${hidden}`;
const length = `Content-Length: ${chunked.length}\r\n`;
const te = 'Transfer-Encoding: chunked\r\n';

export const securityCases: readonly (readonly [
  name: string,
  bytes: string,
  ...verdicts: Verdict[],
])[] = [
  ['Content-Length and Transfer-Encoding', post(`${length}${te}`, chunked), 'refused'],
  ['Transfer-Encoding and Content-Length', post(`${te}${length}`, chunked), 'refused'],
  ['Transfer-Encoding twice', post(`${te}${te}${length}`, chunked), 'refused'],
  ['two codings', post(`Transfer-Encoding: chunked, identity\r\n${length}`, chunked), 'refused'],
  ['chunked twice in one', post('Transfer-Encoding: chunked, chunked\r\n', chunked), 'refused'],
  ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', chunked), 'refused'],
  ['a coding before chunked', post('Transfer-Encoding: gzip, chunked\r\n', chunked), 'refused'],
  [
    'a blank before the colon',
    post(`Transfer-Encoding : chunked\r\n${length}`, chunked),
    'refused',
  ],
  ['a vertical tab before chunked', post('Transfer-Encoding: \vchunked\r\n', chunked), 'refused'],
  ['a tab before the name', post(`${length}\tTransfer-Encoding: chunked\r\n`, chunked), 'refused'],
  [
    'two lengths that differ',
    post('Content-Length: 4\r\nContent-Length: 5\r\n', 'abcde'),
    'refused',
  ],
  ['two lengths that agree', post('Content-Length: 4\r\nContent-Length: 4\r\n', 'abcd'), 'refused'],
  ['a list of lengths', post('Content-Length: 4, 4\r\n', 'abcd'), 'refused'],
  ['a length with a sign', post('Content-Length: +4\r\n', 'abcd'), 'refused'],
  ['a negative length', post('Content-Length: -4\r\n', 'abcd'), 'refused'],
  ['a length in hex', post('Content-Length: 0x4\r\n', 'abcd'), 'refused'],
  ['an empty length', post('Content-Length:\r\n', 'abcd'), 'refused'],
  ['a length beyond 64 bits', post('Content-Length: 99999999999999999999\r\n', 'abcd'), 'refused'],
  ['a chunk beyond 64 bits', post(te, 'fffffffffffffffff\r\nabcd\r\n0\r\n\r\n'), 'refused'],
  ['a chunk size that is none', post(te, 'xyz\r\nabcd\r\n0\r\n\r\n'), 'refused'],
  ['a negative chunk', post(te, '-4\r\nabcd\r\n0\r\n\r\n'), 'refused'],
  ['a chunk longer than it says', post(te, '2\r\nabcd\r\n0\r\n\r\n'), 'refused'],
  ['a folded header', get('X-Fold: a\r\n b\r\n'), 'refused', 'one'],
  [
    'a folded Transfer-Encoding',
    post(`Transfer-Encoding:\r\n chunked\r\n${length}`, chunked),
    'refused',
  ],
  [
    'lines that end in LF',
    'GET /one HTTP/1.1\nHost: shop.example\nConnection: close\n\n',
    'refused',
    'one',
  ],
  ['a bare CR in a value', get('X-A: b\rTransfer-Encoding: chunked\r\n'), 'refused', 'one'],
  ['a NUL in a value', get('X-A: b\0c\r\n'), 'refused'],
  ['a NUL in a name', get('X-\0A: b\r\n'), 'refused', 'one'],
  ['a name with a blank', get('X A: b\r\n'), 'refused', 'one'],
  ['a line without a colon', get('nothing\r\n'), 'refused', 'one'],
  ['Host twice', get('Host: other.example\r\n'), 'refused'],
  ['no Host', 'GET /one HTTP/1.1\r\nConnection: close\r\n\r\n', 'refused'],
  [
    'a Host with a blank',
    'GET /one HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
    'refused',
    'one',
  ],
  ['a Host with a slash', 'GET /one HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n', 'refused'],
  ['a blank in the path', get('', '/one two'), 'refused'],
  ['a tab in the path', get('', '/one\ttwo'), 'refused'],
  ['a path without a slash', get('', 'one'), 'refused'],
  ['HTTP/0.9', 'GET /one\r\n', 'refused', 'one'],
  ['HTTP/3.0', 'GET /one HTTP/3.0\r\nHost: shop.example\r\nConnection: close\r\n\r\n', 'refused'],
  ['HTTP/1.10', 'GET /one HTTP/1.10\r\nHost: a\r\nConnection: close\r\n\r\n', 'refused', 'one'],
  ['TRACE', 'TRACE /one HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n', 'refused'],
  ['CONNECT', 'CONNECT shop.example:80 HTTP/1.1\r\nHost: shop.example:80\r\n\r\n', 'refused'],
  [
    'a method that is no word',
    'G=T /one HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'refused',
  ],
  ['no request at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 'refused'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'refused'],
  ['a header of 20 KB', get(`X-Big: ${'x'.repeat(20_000)}\r\n`), 'refused', 'one'],
  ['a header of 100 KB', get(`X-Big: ${'x'.repeat(100_000)}\r\n`), 'refused'],
  ['headers of 1 MB', get('X-Many: 0123456789\r\n'.repeat(50_000)), 'refused'],
  ['a path of 100 KB', get('', `/one${'x'.repeat(100_000)}`), 'refused'],
  ['a body with GET', get('Content-Length: 4\r\n').concat('abcd'), 'one'],
  ['a chunked body', post(te, '4\r\nabcd\r\n0\r\n\r\n'), 'one'],
  ['a chunk with an extension', post(te, '4;a=b\r\nabcd\r\n0\r\n\r\n'), 'one', 'refused'],
  ['a trailer', post(te, '4\r\nabcd\r\n0\r\nX-T: 1\r\n\r\n'), 'one', 'refused'],
];
