/**
 * Goal: the one rule of how a command line is read.
 * Method: a table of command lines; each says what it is taken for.
 */
import { expect, test } from 'vitest';
import { readArgv } from './argv.ts';

function taken(argv: readonly string[]): string {
  const request = readArgv(argv);
  switch (request.type) {
    case 'commands':
      return `processes ${JSON.stringify(request.commands)}`;
    case 'init':
      return `init ${JSON.stringify(request.argv)}`;
    case 'file':
    case 'check':
    case 'plan':
    case 'graph':
      return `${request.type} ${request.flags.files.join(' ') || 'null'}`;
    case 'usage':
      return 'usage';
    default:
      return request.type;
  }
}

test.each<[readonly string[], string]>([
  // 1. An exact subcommand wins; -- means init; run means processes.
  [['tandem', 'run'], 'file null'],
  [['tandem', 'run', 'a', 'b'], 'processes ["a","b"]'],
  [['tandem', 'run', '--', '-x'], 'processes ["-x"]'],
  [['tandem', 'run', '-f', 'x.yaml'], 'file x.yaml'],
  [['tandem', '-f', 'x.yaml', 'run'], 'file x.yaml'],
  [['tandem', '--', 'run'], 'init ["run"]'],
  [['tandem', '--', 'a b', 'c'], 'init ["a b","c"]'],
  [['tandem', 'check'], 'check null'],
  [['tandem', 'check', '-f', 'a'], 'check a'],
  [['tandem', 'check', 'a'], 'usage'],
  [['tandem', 'check', '--nope'], 'usage'],
  [['tandem', 'plan'], 'plan null'],
  [['tandem', 'plan', '-o', 'x', '-f', 'a'], 'plan a'],
  [['tandem', 'plan', '-o'], 'usage'],
  [['tandem', 'plan', '-o', 'x', '--bound'], 'usage'],
  [['tandem', 'graph', '--format', 'dot'], 'graph null'],
  [['tandem', 'graph', '--format', 'png'], 'usage'],
  [['tandem', '-f', 'a', 'graph'], 'graph a'],
  [['tandem', 'check', '--format', 'xml'], 'usage'],
  [['tandem', 'check', '--json', '-f', 'a', '--strict'], 'check a'],
  [['tandem', '-f', 'a', '-f', 'b'], 'file a b'],
  [['tandem', 'version'], 'version'],
  [['tandem', '--version'], 'version'],
  [['tandem', 'help'], 'help'],
  [['tandem', '--help'], 'help'],
  [['tandem', '-h'], 'help'],
  // 2. docker run image …: a blank or NAME= in the first word makes processes, else init.
  [['tandem', 'python', 'manage.py', 'migrate'], 'init ["python","manage.py","migrate"]'],
  [['tandem', 'sh'], 'init ["sh"]'],
  [['tandem', 'sh', '-c', 'a b'], 'init ["sh","-c","a b"]'],
  [['tandem', 'nginx -g x', 'PORT=1 app'], 'processes ["nginx -g x","PORT=1 app"]'],
  [['tandem', 'PORT=1', 'app'], 'processes ["PORT=1","app"]'],
  [['tandem', '/a=b/c'], 'init ["/a=b/c"]'],
  [['tandem', 'help', 'me'], 'help'],
  [['tandem', 'help', 'me', 'now'], 'init ["help","me","now"]'],
  [['tandem', 'check', '--help'], 'help'],
  [['tandem', 'python', '--help'], 'init ["python","--help"]'],
  [['tandem', 'schema'], 'schema'],
  [['tandem', 'completion', 'fish'], 'completion'],
  [['tandem', 'completion', 'tcsh'], 'usage'],
  [['tandem', '-v', 'a b'], 'processes ["a b"]'],
  // 3. Other names.
  [['/usr/bin/tini', '--', 'a', '-b'], 'init ["a","-b"]'],
  [['tini', 'a', 'b c'], 'init ["a","b c"]'],
  [['dumb-init', 'run', 'a'], 'init ["run","a"]'],
  [['tini'], 'usage'],
  [['tini', '--version'], 'version'],
  [['tini', '-sgv', '-e143', '-p', 'SIGTERM', '--', 'a', '-b'], 'init ["a","-b"]'],
  [['tini', '-e', '256', 'a'], 'usage'],
  [['tini', '-p', 'TERM', 'a'], 'usage'],
  [['tini', '-x', 'a'], 'usage'],
  [['tini', '-e'], 'usage'],
  [['dumb-init', '-c', 'a'], 'init ["a"]'],
  [['dumb-init', '-r', '15:3', '--verbose', 'a', '-r'], 'init ["a","-r"]'],
  [['dumb-init', '--rewrite=15:0', '--single-child', '--', 'a'], 'init ["a"]'],
  [['dumb-init', '-r', '15:32', 'a'], 'usage'],
  [['dumb-init', '--nope', 'a'], 'usage'],
  [['dumb-init', '-V'], 'version'],
  [['tandem', 'probe', 'tcp:80'], 'probe'],
  [['tandem', 'probe', '--timeout', '2s', 'tcp:80'], 'probe'],
  [['tandem', 'probe', 'tcp:80', 'x'], 'usage'],
  [['tandem', '--journal', 'j', 'a b'], 'processes ["a b"]'],
  // 4. Without arguments.
  [['tandem'], 'file null'],
  [['tandem', '-v'], 'file null'],
  [['tandem', '-f', 'x'], 'file x'],
  [['tandem', '-f', 'x', 'a'], 'usage'],
  [['tandem', '-f', 'x', 'a b'], 'usage'],
  [['tandem', 'run', '-f', 'x', 'a b'], 'usage'],
  [['tandem', '-f', 'x', '--', 'a'], 'usage'],
  [['tandem', '-f'], 'usage'],
  [['tandem', '--'], 'usage'],
  [['tandem', '--nope'], 'usage'],
  [['tandem', 'run', '--nope'], 'usage'],
  [['tandem', '--logs', 'syslog', 'a b'], 'usage'],
  [['tandem', '--logs', 'json', 'a b'], 'processes ["a b"]'],
  [['tandem', '--logs', 'prefix', 'a b'], 'processes ["a b"]'],
])('%j is %s', (argv, what) => {
  expect(taken(argv)).toBe(what);
});

test('the words after a command that asks a running Tandem are its own to read', () => {
  expect(readArgv(['tandem', 'status', '--watch'])).toEqual({
    type: 'live',
    command: 'status',
    words: ['--watch'],
  });
});
