/** Each way to run several processes, in its best documented configuration. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, path, root, tandem, work } from './lib.mjs';

const npm = join(root, '.cache/bench/node_modules');

function script(dir, name, text) {
  const file = join(dir, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;
const line = (argv) => argv.map(quote).join(' ');

/** Double quotes keep blanks for Tandem's, concurrently's and supervisord's own splitting. */
const flat = (argv) =>
  argv.map((word) => (/[\s"]/.test(word) ? JSON.stringify(word) : word)).join(' ');

function bashScript(commands) {
  const dir = folder('bash');
  return script(
    dir,
    'start.sh',
    `#!/bin/bash\n${commands.map((c) => `${line(c)} &\n`).join('')}wait -n\n`,
  );
}

function version(command, args, pattern) {
  const r = spawnSync(command, args, { encoding: 'utf8', env: { PATH: path, HOME: work } });
  return pattern.exec(`${r.stdout}${r.stderr}`)?.[1] ?? null;
}

const debian = (name) => version('dpkg-query', ['-W', '-f', `\${Version}`, name], /(\S+)/);

function yamlOf(commands) {
  const dir = folder('yaml');
  const file = join(dir, 'tandem.yaml');
  const lines = commands.map((c, i) => `  p${i}:\n    command: ${JSON.stringify(c)}\n`);
  writeFileSync(file, `processes:\n${lines.join('')}stop_timeout: 9s\n`);
  return file;
}

/** `words(commands)`: what is executed. `fails`: whether the end of one ends all, as documented. */
export const peers = {
  'bare C loop': {
    version: () => '-',
    words: (commands) => [
      join(work, 'loop'),
      ...commands.flatMap((c, i) => (i === 0 ? c : ['--', ...c])),
    ],
    fails: true,
  },
  'Tandem, commands': {
    version: () => version(tandem, ['version'], /(\d+\.\d+\.\d+)/),
    words: (commands) => [tandem, 'run', ...commands.map(flat)],
    fails: true,
  },
  'Tandem, saved plan': {
    version: () => version(tandem, ['version'], /(\d+\.\d+\.\d+)/),
    words: (commands) => {
      const file = yamlOf(commands);
      const r = spawnSync(tandem, ['plan', '-f', file, '-o', `${file}.plan`], { encoding: 'utf8' });
      if (r.status !== 0) throw new Error(r.stderr);
      return [tandem, '-f', `${file}.plan`];
    },
    fails: true,
  },
  'Tandem, YAML': {
    version: () => version(tandem, ['version'], /(\d+\.\d+\.\d+)/),
    words: (commands) => [tandem, '-f', yamlOf(commands)],
    fails: true,
  },
  bash: {
    version: () => debian('bash'),
    words: (commands) => ['bash', bashScript(commands)],
    fails: true,
  },
  'tini + bash': {
    version: () => debian('tini'),
    words: (commands) => ['tini', '-s', '--', 'bash', bashScript(commands)],
    fails: true,
  },
  'tini-static + bash': {
    version: () => debian('tini'),
    words: (commands) => ['tini-static', '-s', '--', 'bash', bashScript(commands)],
    fails: true,
  },
  'dumb-init + bash': {
    version: () => debian('dumb-init'),
    words: (commands) => ['dumb-init', '--', 'bash', bashScript(commands)],
    fails: true,
  },
  'catatonit + bash': {
    version: () => debian('catatonit'),
    // Not as PID 1 it needs to be told so.
    words: (commands) => ['catatonit', '-g', '--', 'bash', bashScript(commands)],
    fails: true,
  },
  s6: {
    version: () => debian('s6'),
    words: (commands) => {
      const dir = folder('s6');
      commands.forEach((c, i) => {
        const service = join(dir, `p${i}`);
        mkdirSync(service);
        script(service, 'run', `#!/bin/sh\nexec ${line(c)}\n`);
        // Its documented way to end the container with a service.
        script(service, 'finish', `#!/bin/sh\ns6-svscanctl -t ${quote(dir)}\nexit 125\n`);
      });
      return ['s6-svscan', dir];
    },
    fails: true,
  },
  runit: {
    version: () => debian('runit'),
    words: (commands) => {
      const dir = folder('runit');
      commands.forEach((c, i) => {
        mkdirSync(join(dir, `p${i}`));
        script(join(dir, `p${i}`), 'run', `#!/bin/sh\nexec ${line(c)}\n`);
      });
      return ['runsvdir', '-P', dir];
    },
    fails: false,
    /** TERM ends runsvdir alone; HUP takes the services along. */
    stopSignal: 'SIGHUP',
  },
  supervisord: {
    version: () => debian('supervisor'),
    words: (commands) => {
      const dir = folder('supervisord');
      const programs = commands.map(
        (c, i) =>
          `[program:p${i}]\ncommand=${flat(c).replaceAll('%', '%%')}\nautorestart=false\nstartsecs=0\n` +
          'stdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n',
      );
      const head = `[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=${dir}/pid\nchildlogdir=${dir}\nminfds=1024\n`;
      writeFileSync(join(dir, 's.conf'), head + programs.join(''));
      return ['supervisord', '-c', join(dir, 's.conf')];
    },
    fails: false,
  },
  foreman: {
    version: () => debian('ruby-foreman'),
    words: (commands) => {
      const dir = folder('foreman');
      writeFileSync(
        join(dir, 'Procfile'),
        commands.map((c, i) => `p${i}: exec ${line(c)}\n`).join(''),
      );
      return ['foreman', 'start', '-f', join(dir, 'Procfile')];
    },
    fails: true,
  },
  concurrently: {
    version: () =>
      version(
        'node',
        ['-p', `require(${JSON.stringify(join(npm, 'concurrently/package.json'))}).version`],
        /(\S+)/,
      ),
    words: (commands) => [
      process.execPath,
      join(npm, 'concurrently/dist/bin/index.js'),
      '-k',
      '--raw',
      ...commands.map((c) => `exec ${line(c)}`),
    ],
    fails: true,
  },
  'pm2-runtime': {
    version: () =>
      version(
        'node',
        ['-p', `require(${JSON.stringify(join(npm, 'pm2/package.json'))}).version`],
        /(\S+)/,
      ),
    words: (commands) => {
      const dir = folder('pm2');
      const apps = commands.map((c, i) => ({
        name: `p${i}`,
        script: c[0],
        args: c.slice(1),
        interpreter: 'none',
        autorestart: false,
      }));
      writeFileSync(join(dir, 'eco.json'), JSON.stringify({ apps }));
      return [process.execPath, join(npm, 'pm2/bin/pm2-runtime'), 'start', join(dir, 'eco.json')];
    },
    env: () => ({ PM2_HOME: folder('pm2-home') }),
    fails: false,
  },
  'Node script': {
    version: () => process.versions.node,
    words: (commands) => {
      const file = join(folder('node'), 'run.mjs');
      const text = `import { spawn } from 'node:child_process';
const all = ${JSON.stringify(commands)}.map(([c, ...a]) => spawn(c, a, { stdio: 'inherit' }));
const stop = () => all.forEach((one) => one.kill('SIGTERM'));
let code = null;
for (const one of all) one.on('exit', (c, s) => { code ??= c ?? 1; stop(); if (all.every((o) => o.exitCode !== null || o.signalCode !== null)) process.exit(code); });
process.on('SIGTERM', stop);
`;
      writeFileSync(file, text);
      return [process.execPath, file];
    },
    fails: true,
  },
};

/** null: it can be run; else why not. */
export function missing(name) {
  const peer = peers[name];
  const words = (() => {
    try {
      return peer.words([['true']]);
    } catch (error) {
      return String(error);
    }
  })();
  if (typeof words === 'string') return words;
  const isScript = words[0] === process.execPath;
  const program = isScript ? words[1] : words[0];
  if (program.startsWith('/')) return existsSync(program) ? null : `no ${program}`;
  return path.split(':').some((dir) => existsSync(join(dir, program)))
    ? null
    : `no ${program} on PATH`;
}
