/** What a person can do about an end, where that is known. One sentence or two. */
import type { Found, Program } from '../core/found.ts';
import type { End } from '../core/state.ts';
import type { About, Cause } from './about.ts';
import { type Clue, clueOf } from './clues.ts';
import { signalName } from './signal-name.ts';

const machines: Readonly<Record<number, string>> = {
  3: '386',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  21: 'ppc64le',
  22: 's390x',
};

export function bytesText(bytes: number): string {
  const mib = bytes / (1 << 20);
  return mib >= 1024 ? `${+(mib / 1024).toFixed(1)} GiB` : `${+mib.toFixed(mib < 10 ? 1 : 0)} MiB`;
}

function endsWith(text: string, what: string): boolean {
  return text.slice(-what.length) === what;
}

function limit(found: Found): string {
  return found.memoryBytes === null
    ? ''
    : `; this container may use ${bytesText(found.memoryBytes)}`;
}

function notFound(program: Program): string | null {
  const { name, kind, interpreter, interpreterThere, nearest } = program;
  if (kind === 'script' && interpreter !== null && endsWith(interpreter, '\r'))
    return `the first line of ${name} ends as Windows writes it: sed -i 's/\\r$//' ${name}`;
  if (kind === 'script' && interpreter !== null && !interpreterThere)
    return `${name} asks for ${interpreter} in its first line, which this image does not have`;
  if (kind === 'elf' && interpreter !== null && !interpreterThere)
    return `${name} needs ${interpreter}, which this image does not have: it was built for another C library`;
  if (kind !== 'missing') return null;
  if (nearest !== null) return `did you mean \`${nearest}\`?`;
  return name.includes('/') ? `there is no file ${name} in this image` : 'it is not on PATH';
}

function notExecutable(errno: string, program: Program): string | null {
  const { name, kind, executable, machine, ownMachine } = program;
  if (kind === 'folder') return `${name} is a folder`;
  if (errno === 'ENOEXEC' && kind === 'elf' && machine !== ownMachine) {
    const [built, here] = [machines[machine] ?? 'another machine', machines[ownMachine] ?? '?'];
    return `${name} was built for ${built}, and this is ${here}: docker build --platform linux/${here}`;
  }
  if (errno === 'ENOEXEC') return `a script needs a first line such as #!/bin/sh`;
  if (errno !== 'EACCES') return null;
  if (!executable) return `chmod +x ${name}`;
  return `its user may not run ${name}: a folder above it is closed, or its file system is mounted noexec`;
}

function notSpawned(end: Extract<End, { type: 'spawn_failed' }>, found: Found | null) {
  const { stage, errno } = end;
  if (stage === 'exec' && found !== null)
    return errno === 'ENOENT' ? notFound(found.program) : notExecutable(errno, found.program);
  if (stage === 'exec') return null;
  if (stage === 'chdir') return 'its `working_dir` has to be there, and open to its user';
  if (stage === 'setrlimit') return 'no limit can be above the hard one of the container';
  if (errno === 'EAGAIN') return 'the container may have no more processes: see its pids limit';
  if (errno !== 'EPERM' && errno !== 'EACCES') return null;
  const key = { setuid: 'user', setgid: 'user', setgroups: 'user' }[stage] ?? stage;
  return `\`${key}\` needs a right that this container does not have`;
}

function who(about: About): string | null {
  const holder = about.found?.holder ?? null;
  if (about.holder === about.cause.process) return 'a process of its own run';
  if (about.holder !== null) return `\`${about.holder}\`, another process of this container,`;
  return holder === null ? null : `${holder.name} (pid ${holder.pid})`;
}

function inUse(about: About): string {
  const { found, cause } = about;
  const port = found?.port ?? cause.port;
  const holder = who(about);
  const which = port === null ? 'its port' : `port ${port}`;
  if (holder !== null) return `${holder} listens on ${which}: give one of them another`;
  return `somebody else listens on ${which}; \`PORT\` is what Tandem sets from \`port\``;
}

function notReady(about: About): string {
  const { cause, found } = about;
  const listens = found?.listens ?? [];
  if (cause.port === null) return 'how it tells that it is ready stands in its `ready`';
  if (listens.includes(cause.port))
    return `it listens on port ${cause.port}, but did not answer as its \`ready\` wants it`;
  if (listens.length > 0)
    return `it listens on ${listens.join(', ')}, and was asked on ${cause.port}; PORT=${cause.port} was set for it`;
  return `it listens nowhere; should it on 127.0.0.1:${cause.port}? PORT=${cause.port} was set for it`;
}

function bySignal(signal: number, found: Found | null): string | null {
  switch (signalName(signal)) {
    case 'SIGKILL':
      if (found?.oomKilled === true)
        return `out of memory: the kernel killed it${limit(found)}; give it more, or let it use less`;
      if (found === null || found.oomKills === null)
        return 'nobody here sent that signal: was it out of memory?';
      return 'nobody here sent that signal, and the kernel counted no kill for lack of memory: it came from outside';
    case 'SIGTERM':
      return 'somebody else sent SIGTERM to it: its own master, a script, or a person';
    case 'SIGSEGV':
      return 'it crashed: memory that is not its own, or a stack that is used up';
    case 'SIGBUS':
      return 'it crashed: a mapped file got shorter, or /dev/shm is full (docker run --shm-size)';
    case 'SIGILL':
      return 'it crashed: it may have been built for a newer processor';
    case 'SIGABRT':
      return 'it gave up by itself: what it says above is why';
    case 'SIGSYS':
      return 'a seccomp profile does not allow a system call that it makes';
    case 'SIGPIPE':
      return 'it wrote to something that nobody reads any more';
    case 'SIGXFSZ':
    case 'SIGXCPU':
      return 'it went over one of its `ulimits`';
    default:
      return null;
  }
}

function byClue(clue: Clue, about: About, code: number): string | null {
  switch (clue) {
    case 'address':
      return inUse(about);
    case 'library':
      return 'a shared library is missing: install the package that has it, or the image of that build';
    case 'memory':
      return 'it had no memory left, by a limit of its own or of the container';
    case 'space':
      return 'the disk is full, or a tmpfs is';
    case 'readonly':
      return 'it writes where nothing can be written: mount a tmpfs or a volume there';
    case 'format':
      return 'what it starts is built for another machine, or a script without #!/bin/sh';
    case 'permission':
      return 'its user may not do what its last lines say';
    case 'module':
      return 'what it imports is not installed in this image';
    case 'command':
      return code === 127 ? 'a command of its script is not in this image' : null;
    case 'refused':
      return 'it could not reach what it needs: if that is a process here, let it `depends_on` it';
  }
}

/** Programs that put themselves in the background, and what keeps them. */
const daemons: readonly (readonly [string, string])[] = [
  ['nginx', "nginx -g 'daemon off;'"],
  ['apache2', 'apache2ctl -DFOREGROUND'],
  ['httpd', 'httpd -DFOREGROUND'],
  ['php-fpm', 'php-fpm -F'],
  ['redis-server', 'redis-server --daemonize no'],
  ['memcached', 'memcached without -d'],
  ['sshd', 'sshd -D'],
  ['crond', 'crond -f'],
  ['cron', 'cron -f'],
  ['rsyslogd', 'rsyslogd -n'],
  ['supervisord', 'supervisord -n'],
  ['haproxy', 'haproxy -db'],
];

const backgroundMs = 2000;

function endedWith0(cause: Cause, program: string): string {
  const name = program.slice(program.lastIndexOf('/') + 1);
  if ((cause.ranMs ?? 0) >= backgroundMs)
    return 'it ended by itself, as a job may; where the others are to go on: `oneshot: true` or `essential: false`';
  const known = daemons.find(([daemon]) => name.slice(0, daemon.length) === daemon);
  // The task of a job is right to end so, and nothing tells the two apart.
  const how = known === undefined ? '; or is it a job? Then all is well' : `: ${known[1]}`;
  return `did it put itself in the background? It has to stay in the foreground${how}`;
}

function byExit(code: number, about: About): string | null {
  const { cause, found } = about;
  const clue = found?.phrase == null ? null : clueOf(found.phrase);
  const said = clue === null ? null : byClue(clue, about, code);
  if (code === 0 && !cause.oneshot) return endedWith0(cause, found?.program.name ?? cause.process);
  if (code > 128 && code < 160 && said === null) {
    const signal = signalName(code - 128);
    if (signal === 'SIGTERM')
      return '143 is 128 and SIGTERM: somebody else sent that to it, or to what it runs';
    if (signal === 'SIGKILL' && (found?.oomKills ?? 0) > 0 && found !== null)
      return `137 is 128 and SIGKILL: the kernel killed what it runs, out of memory${limit(found)}`;
    const own = bySignal(code - 128, null);
    return own === null ? null : `${code} is 128 and ${signal} of what it runs: ${own}`;
  }
  if (said !== null) return said;
  if (code === 127) return 'by 127 a shell says that it did not find a command';
  if (code === 126) return 'by 126 a shell says that it may not execute a command';
  if (found !== null && (found.oomKills ?? 0) > 0)
    return `the kernel has killed something here, out of memory${limit(found)}: was it a part of it?`;
  return null;
}

/** null: nothing is known that its own lines don't say. */
export function hint(about: About): string | null {
  const { cause, found } = about;
  const { end } = cause;
  switch (end.type) {
    case 'spawn_failed':
      return notSpawned(end, found);
    case 'address_in_use':
      return inUse(about);
    case 'not_ready':
      return notReady(about);
    case 'timed_out':
      return 'how long it may take is its `timeout`';
    case 'unhealthy':
      return end.by === 'watchdog'
        ? 'it stopped sending WATCHDOG=1'
        : 'what is asked, and how often, stands in its `healthcheck`';
    case 'exited':
      return end.signal === 0 ? byExit(end.code, about) : bySignal(end.signal, found);
    case 'cannot_start':
    case 'never_started':
    case 'left_behind':
      return null;
  }
}
