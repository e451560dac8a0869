// Installs what is missing, and says so before it does. Needs Node alone.
//
//     node tools/setup.mjs build|demo|containers|all|compare
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);
const what = process.argv[2] ?? 'all';

const builds = [
  'build',
  'demo',
  'containers',
  'all',
  'compare',
  'bench',
  'cross',
  'arm64',
  'release',
];
/** How to tell that a package is there, without asking dpkg: its file. */
const packages = [
  { name: 'gcc', file: '/usr/bin/gcc', for: [...builds] },
  { name: 'libc6-dev', file: '/usr/include/stdio.h', for: [...builds] },
  { name: 'musl-tools', file: '/usr/bin/musl-gcc', for: [...builds] },
  { name: 'xz-utils', file: '/usr/bin/xz', for: [...builds] },
  // Only who asks for arm64 needs these: they are large.
  {
    name: 'gcc-aarch64-linux-gnu',
    file: '/usr/bin/aarch64-linux-gnu-gcc',
    for: ['cross', 'arm64', 'release'],
  },
  { name: 'qemu-user-static', file: '/usr/bin/qemu-aarch64-static', for: ['arm64'] },
  { name: 'memcached', file: '/usr/bin/memcached', for: ['all'] },
  { name: 'strace', file: '/usr/bin/strace', for: ['all'] },
  { name: 'gunicorn', file: '/usr/bin/gunicorn', for: ['all'] },
  { name: 'valgrind', file: '/usr/bin/valgrind', for: ['all', 'bench'] },
  { name: 'zsh', file: '/usr/bin/zsh', for: ['all'] },
  { name: 'fish', file: '/usr/bin/fish', for: ['all'] },
  { name: 'groff-base', file: '/usr/bin/groff', for: ['all'] },
  { name: 's6', file: '/usr/bin/s6-svscan', for: ['all', 'bench'] },
  { name: 'wrk', file: '/usr/bin/wrk', for: ['bench'] },
  { name: 'runit', file: '/usr/bin/runsvdir', for: ['bench'] },
  { name: 'supervisor', file: '/usr/bin/supervisord', for: ['all', 'bench'] },
  { name: 'ruby-foreman', file: '/usr/bin/foreman', for: ['all', 'bench'] },
  { name: 'iproute2', file: '/usr/bin/ip', for: ['containers', 'all'] },
  { name: 'chromium', file: '/usr/bin/chromium', for: ['all'] },
  { name: 'procps', file: '/usr/bin/ps', for: ['all'] },
  {
    name: 'python3-prometheus-client',
    file: '/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py',
    for: ['all'],
  },
  { name: 'tini', file: '/usr/bin/tini', for: ['compare', 'all', 'bench'] },
  { name: 'dumb-init', file: '/usr/bin/dumb-init', for: ['all', 'bench'] },
  { name: 'podman', file: '/usr/bin/podman', for: ['containers', 'all'] },
  { name: 'buildah', file: '/usr/bin/buildah', for: ['containers', 'all'] },
  { name: 'runc', file: '/usr/sbin/runc', for: ['containers', 'all'] },
  { name: 'runsc', file: '/usr/bin/runsc', for: ['containers', 'all'] },
  { name: 'catatonit', file: '/usr/bin/catatonit', for: ['containers', 'all', 'bench'] },
  { name: 'mmdebstrap', file: '/usr/bin/mmdebstrap', for: ['containers', 'all'] },
  { name: 'eatmydata', file: '/usr/bin/eatmydata', for: ['containers', 'all'] },
  { name: 'nginx', file: '/usr/sbin/nginx', for: ['demo', 'all', 'compare', 'bench'] },
  {
    name: 'python3-flask',
    file: '/usr/lib/python3/dist-packages/flask/__init__.py',
    for: ['demo', 'all', 'compare', 'bench'],
  },
];

function seconds(from) {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`;
}

function fail(message, hint) {
  console.error(`cannot set up: ${message}`);
  console.error(`  hint: ${hint}`);
  process.exit(1);
}

function installPackages() {
  const missing = packages.filter((p) => p.for.includes(what) && !existsSync(p.file));
  if (missing.length === 0) return;
  const names = missing.map((p) => p.name);
  const byHand = `install them by hand: ${names.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get')) fail('there is no apt-get here', byHand);
  const root = process.getuid() === 0;
  if (!root && spawnSync('sudo', ['-n', 'true']).status !== 0)
    fail('neither root nor sudo without a password', byHand);
  const apt = (args) => {
    const command = [
      ...(root ? [] : ['sudo']),
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      // Policy of invoke-rc.d: an installed nginx must not start as a service here.
      'RUNLEVEL=1',
      'apt-get',
      '-qq',
      ...args,
    ];
    const r = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
    if (r.status !== 0) fail(`apt-get ${args[0]}: ${r.stderr.trim()}`, byHand);
  };
  console.log(`installing Debian packages: ${names.join(' ')}`);
  const from = performance.now();
  apt(['update']);
  const install = (all) => apt(['install', '-y', '--no-install-recommends', ...all]);
  const offered = (name) =>
    spawnSync('apt-cache', ['show', name], { encoding: 'utf8' }).status === 0;
  if (what === 'demo' && names.includes('nginx') && !offered('nginx')) {
    // The demo has another engine for its front; what is left has to be there.
    console.log('nginx cannot be had here: the demo takes the embedded engine');
    const rest = names.filter((name) => name !== 'nginx');
    if (rest.length > 0) install(rest);
  } else install(names);
  console.log(`installed in ${seconds(from)}`);
}

function installModules() {
  const stamp = 'node_modules/.tandem-lock';
  const lock = readFileSync('package-lock.json', 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('installing npm packages');
  const from = performance.now();
  // Not `ci`: it refuses a lock without the optional packages of other platforms, and some
  // registries don't serve those. `--no-save` leaves the lock as it is, and it is obeyed.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const r = spawnSync('npm', args, { encoding: 'utf8' });
  if (r.status !== 0) fail(`npm install: ${r.stderr.trim()}`, 'npm install, and read what it says');
  writeFileSync(stamp, lock);
  console.log(`installed in ${seconds(from)}`);
}

installPackages();
installModules();
