/** How a process is asked, or tells: the keys of `ready`, `healthcheck` and `pre_stop`; see keys.ts. */
import { type Group, rows } from './keys.ts';

export const ready: Group = {
  name: 'ready',
  title: 'ready',
  text: 'One kind. One question is out at a time, and each may take 1 s; the first comes at once, then every 2 ms, easing off to 250 ms.',
  keys: rows([
    ['tcp', 'port', 'its `port`', 'It accepts there.', 'ready: {tcp: 8081}'],
    [
      'http',
      { shape: 'http', said: 'a path, or `{port, path, status, headers}`' },
      null,
      'The answer’s status is 200–399, or what `status` says: `204`, `200-299`.',
      'ready: {http: {path: /health, status: 200-299}}',
      ['ready: {http: health}', 'cannot read `http`: a path begins with `/`'],
    ],
    [
      'grpc',
      { shape: 'grpc', said: '`true`, or `{port, service}`' },
      null,
      'grpc.health.v1 says SERVING, over h2c.',
      'ready: {grpc: {service: shop.Cart}}',
      ['ready: {grpc: {name: Cart}}', 'cannot use `name`: `grpc` has no such key'],
    ],
    ['unix', 'text', null, 'The socket accepts.', 'ready: {unix: /tmp/app.sock}'],
    ['file', 'text', null, 'The file is there.', 'ready: {file: /tmp/done}'],
    [
      'exec',
      'words',
      null,
      'The program ends with 0, in the process’s folder and environment.',
      'ready: {exec: [./check, --fast]}',
      ['ready: {exec: []}', 'cannot run nothing: `exec` needs a program'],
    ],
    [
      'log',
      'text',
      null,
      'A line of its output fits this POSIX extended regular expression, in its first 4 KB.',
      "ready: {log: '^Listening'}",
    ],
    [
      'notify',
      'flag',
      null,
      'It says READY=1 to NOTIFY_SOCKET (sd_notify); MAINPID, EXTEND_TIMEOUT_USEC, STOPPING and WATCHDOG are heard too.',
      'ready: {notify: true}',
    ],
    [
      'fd',
      { whole: [3, 255] },
      null,
      'It writes a line to this descriptor, as s6 has it.',
      'ready: {fd: 3}',
      ['ready: {fd: 2}', 'cannot use descriptor 2: 0, 1 and 2 are its streams'],
    ],
    ['delay', 'duration', null, 'That long after its start.', 'ready: {delay: 2s}'],
  ]),
};

export const healthcheck: Group = {
  name: 'healthcheck',
  title: 'healthcheck',
  text: 'One of `tcp`, `http`, `grpc`, `unix`, `file`, `exec` as in `ready`, or Compose’s `test`; without any of them, what `ready` asks.',
  keys: rows([
    [
      'test',
      {
        shape: 'test',
        said: 'a text for a shell, or a list that begins with CMD, CMD-SHELL or NONE',
      },
      null,
      'Compose’s own way to say it.',
      'healthcheck: {test: [CMD, ./check]}',
      [
        'healthcheck: {test: [./check]}',
        'cannot read `test`: it begins with CMD, CMD-SHELL or NONE',
      ],
    ],
    [
      'interval',
      'duration',
      '30s',
      'From one question to the next.',
      'healthcheck: {tcp: 8081, interval: 10s}',
    ],
    [
      'timeout',
      'duration',
      '30s',
      'How long an answer may take.',
      'healthcheck: {tcp: 8081, timeout: 2s}',
    ],
    [
      'retries',
      { whole: [1, 1000] },
      '3',
      'Failures in a row that make it unhealthy.',
      'healthcheck: {tcp: 8081, retries: 5}',
      ['healthcheck: {tcp: 8081, retries: 0}', 'cannot give up before the first: `retries` is 0'],
    ],
    [
      'start_period',
      'duration',
      '0s',
      'Failures this soon after it is ready do not count.',
      'healthcheck: {tcp: 8081, start_period: 20s}',
    ],
    [
      'disable',
      'flag',
      'false',
      'No check at all: to undo one from another file.',
      'healthcheck: {disable: true}',
    ],
  ]),
};

export const preStop: Group = {
  name: 'pre_stop',
  title: 'pre_stop',
  text: 'One kind.',
  keys: rows([
    ['delay', 'duration', null, 'It goes on serving this long.', 'pre_stop: {delay: 2s}'],
    [
      'exec',
      'words',
      null,
      'The program runs to its end, in the process’s folder and environment.',
      'pre_stop: {exec: [./drain]}',
      ['pre_stop: {exec: []}', 'cannot run nothing: `exec` needs a program'],
    ],
    [
      'http',
      { shape: 'http', said: 'a path, or `{method, port, path, status, headers}`' },
      null,
      'The process is asked, with GET unless `method` says otherwise.',
      'pre_stop: {http: /drain}',
      ['pre_stop: {http: drain}', 'cannot read `http`: a path begins with `/`'],
    ],
  ]),
};
