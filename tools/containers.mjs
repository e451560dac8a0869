// Real containers on a bare Debian machine: images built with buildah, run with podman under runc
// and under gVisor. Everything is kept in .cache/containers; nothing of /etc is touched.
//
//     node tools/containers.mjs base                make debian:bookworm-slim, and node:20-bookworm-slim
//     node tools/containers.mjs build DIR [TAG]     build DIR/Dockerfile
//     node tools/containers.mjs images              what there is, with sizes
//     node tools/containers.mjs clean [--all]       end leftovers, unmount; --all: the store as well
//
// No registry is asked: the base images are made here, from the machine's own Debian mirror.
import { execFile, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(import.meta.dirname, '..');
export const store = resolve(process.env.TANDEM_CONTAINERS ?? join(root, '.cache/containers'));
export const runtimes = ['runc', 'gvisor'];
export const baseImage = 'debian:bookworm-slim';
export const nodeImage = 'node:20-bookworm-slim';

const needed = {
  podman: '/usr/bin/podman',
  buildah: '/usr/bin/buildah',
  runc: '/usr/sbin/runc',
  runsc: '/usr/bin/runsc',
  mmdebstrap: '/usr/bin/mmdebstrap',
  catatonit: '/usr/bin/catatonit',
  ip: ['/usr/sbin/ip', '/usr/bin/ip', '/sbin/ip'],
};

/** What Debian's own slim images leave out too. */
const leftOut = ['doc', 'man', 'info', 'locale', 'groff', 'lintian', 'linda'];

const file = (name) => join(store, name);
const env = () => ({
  ...process.env,
  CONTAINERS_CONF: file('containers.conf'),
  CONTAINERS_STORAGE_CONF: file('storage.conf'),
});

/** The files that podman and buildah read instead of /etc/containers. */
function configure() {
  // As many files as Cloud Run gives, where this machine may give them.
  const most = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim();
  const files = Math.min(Number(most) || 25_000, 25_000);
  mkdirSync(file('build'), { recursive: true });
  const storage = (driver) =>
    `[storage]\ndriver = "${driver}"\ngraphroot = "${file('storage')}"\n` +
    `runroot = "${file('run')}"\n`;
  const write = (name, text, mode = 0o644) => {
    if (existsSync(file(name)) && readFileSync(file(name), 'utf8') === text) return;
    writeFileSync(file(name), text, { mode });
  };
  write(
    'containers.conf',
    // Without the limits, runc may not raise them; without `host`, podman wants a network of CNI.
    `[containers]\ndefault_ulimits = ["nofile=${files}:${files}", "nproc=10000:10000"]\n` +
      'netns = "host"\ninit_path = "/usr/bin/catatonit"\n' +
      '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n' +
      `tmp_dir = "${file('run/libpod')}"\n` +
      `[engine.runtimes]\nrunc = ["/usr/sbin/runc"]\n`,
  );
  // The machine has no cgroups that gVisor would take, and no KVM that it could use.
  write(
    'gvisor',
    '#!/bin/sh\nexec /usr/bin/runsc --platform=ptrace --ignore-cgroups --network=host "$@"\n',
    0o755,
  );
  mkdirSync(file('mnt'), { recursive: true });
  const excluded = leftOut.map((dir) => `path-exclude=/usr/share/${dir}/*\n`);
  write('dpkg.cfg', `${excluded.join('')}force-unsafe-io\n`);
  if (!existsSync(file('storage.conf'))) write('storage.conf', storage('overlay'));
  // A root that is an overlay itself carries no second one.
  if (spawnSync('podman', ['info'], { env: env(), stdio: 'ignore' }).status !== 0)
    write('storage.conf', storage('vfs'));
}

function run(command, args, options = {}) {
  return new Promise((done) => {
    execFile(
      command,
      args,
      { env: env(), maxBuffer: 1 << 26, ...options },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        done({ code, out: stdout, err: stderr || (error && code === 1 ? error.message : '') });
      },
    );
  });
}

async function must(command, args, options) {
  const r = await run(command, args, options);
  if (r.code !== 0)
    throw new Error(`cannot run ${basename(command)} ${args[0]}: ${tail(r.err || r.out)}`);
  return r.out.trim();
}

const tail = (text) => text.trim().split('\n').slice(-12).join('\n');
export const podman = (...args) => run('podman', args);

const has = async (image) => (await podman('image', 'exists', image)).code === 0;

/** One process at a time makes a base; the others wait and find it made. */
async function locked(what) {
  mkdirSync(store, { recursive: true });
  await must('flock', [file('lock'), process.execPath, import.meta.filename, what]);
}

let based = null;
/** Makes the base images where they are missing: about a minute, once. */
export function base() {
  based ??= (async () => {
    configure();
    if (!(await has(baseImage))) await locked('make-base');
    if (existsSync('/usr/bin/node') && !(await has(nodeImage))) await locked('make-node');
  })();
  return based;
}

async function makeBase() {
  configure();
  if (await has(baseImage)) return;
  const tar = file('bookworm-slim.tar');
  if (!existsSync(tar)) {
    const made = `${tar}.part`;
    const shm = '/dev/shm';
    const exclude = leftOut.map((dir) => `--dpkgopt=path-exclude=/usr/share/${dir}/*`);
    await must(
      existsSync('/usr/bin/eatmydata') ? 'eatmydata' : 'env',
      [
        'mmdebstrap',
        '--mode=root',
        '--variant=minbase',
        // Without it, usrmerge is taken, and all of Perl with it.
        '--include=usr-is-merged',
        '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
        '--aptopt=Acquire::Languages "none"',
        '--format=tar',
        ...exclude,
        'bookworm',
        made,
      ],
      { env: { ...process.env, ...(existsSync(shm) ? { TMPDIR: shm } : {}) } },
    );
    await must('mv', [made, tar]);
  }
  const settings = ['--change', 'CMD ["bash"]', '--change', `ENV PATH=${path}`];
  await must('podman', ['import', ...settings, tar, baseImage]);
}
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The machine's own Node on the base, where an official image would be pulled elsewhere. */
async function makeNode() {
  if (await has(nodeImage)) return;
  const container = await must('buildah', ['from', '--pull-never', baseImage]);
  const npm = realpathSync('/usr/bin/npm').replace(/\/npm\/bin\/.*/, '/npm');
  const steps = [
    ['copy', container, realpathSync('/usr/bin/node'), '/usr/local/bin/node'],
    ['copy', container, npm, '/usr/local/lib/node_modules/npm'],
    ['config', '--cmd', 'node', container],
  ];
  for (const step of steps) await must('buildah', step);
  const link = (name) => `ln -s ../lib/node_modules/npm/bin/${name}-cli.js /usr/local/bin/${name}`;
  const script = `${link('npm')} && ${link('npx')}`;
  await must('buildah', ['run', '--isolation', 'chroot', container, 'sh', '-c', script]);
  await must('buildah', ['commit', '--rm', '--format', 'docker', container, nodeImage]);
}

/**
 * What a build needs of this machine to reach its mirrors, mounted while it runs and in no layer:
 * apt's sources, npm's registry, the authorities that both are signed by.
 */
function mounts(dockerfile) {
  // Over what the base has there already: a file that only a mount needs would stay, empty.
  const found = [
    `${file('dpkg.cfg')}:/etc/dpkg/dpkg.cfg.d/99mmdebstrap:ro`,
    `${file('mnt')}:/mnt:ro`,
  ];
  for (const place of ['/etc/apt/sources.list', '/etc/apt/sources.list.d', '/etc/apt/auth.conf.d'])
    if (existsSync(place)) found.push(`${place}:${place}:ro`);
  if (/\bnpm\b/.test(readFileSync(dockerfile, 'utf8'))) {
    const settings = (key) => {
      const r = spawnSync('npm', ['config', 'get', key], { encoding: 'utf8', cwd: tmpdir() });
      const value = r.stdout?.trim() ?? '';
      return /^(null|undefined|)$/.test(value) ? null : value;
    };
    const authorities = settings('cafile');
    const lines = [`registry=${settings('registry')}`];
    if (authorities !== null && existsSync(authorities)) {
      copyFileSync(authorities, file('mnt/authorities.crt'));
      lines.push('cafile=/mnt/authorities.crt');
    }
    writeFileSync(file('mnt/npmrc'), `${lines.join('\n')}\n`);
    found.push(`${file('mnt/npmrc')}:/usr/local/etc/npmrc:ro`);
  }
  return found.flatMap((mount) => ['--volume', mount]);
}

/**
 * Builds `dir`/Dockerfile as `docker build` would, and gives the tag.
 * `context`: another folder for COPY than the Dockerfile's; `args`: build arguments.
 */
export async function build(dir, options = {}) {
  await base();
  const tag = options.tag ?? `tandem-test-${basename(resolve(dir)).toLowerCase()}`;
  const dockerfile = resolve(dir, options.file ?? 'Dockerfile');
  const args = Object.entries(options.args ?? {}).flatMap(([k, v]) => ['--build-arg', `${k}=${v}`]);
  await must('unshare', [
    // What a build leaves mounted goes with this namespace.
    ...['--mount', '--propagation', 'private', 'buildah', 'bud', '--pull-never'],
    ...['--isolation', 'chroot', '--network', 'host', '--layers', '--format', 'docker'],
    ...mounts(dockerfile),
    ...args,
    ...(options.target ? ['--target', options.target] : []),
    ...['--tag', tag, '--file', dockerfile],
    resolve(options.context ?? dir),
  ]);
  return tag;
}

/** The image of the binary alone, which the Dockerfiles of the examples copy from. */
export function tandemImage() {
  return build(root, { tag: 'tandem' });
}

/** Bytes of the unpacked image. */
export async function imageSize(image) {
  return Number(await must('podman', ['image', 'inspect', '--format', '{{.Size}}', image]));
}

let count = 0;
const running = new Map();
const prefix = `td${process.pid.toString(36)}x`;

/** The pid in a name that a process of this program gave; null for anybody else's. */
function ownerOf(name) {
  const word = /^td([0-9a-z]+)x\d+$/.exec(name)?.[1];
  return word === undefined ? null : Number.parseInt(word, 36);
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * A network of its own for a container: one cable to this machine. 198.18.0.0/15 is set aside for
 * measuring between networks, so nothing else is reached by it.
 */
async function network(name) {
  const taken = new Set((await must('ip', ['-4', '-o', 'addr'])).match(/198\.1[89]\.\d+\.\d+/g));
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const n = Math.floor(Math.random() * 32768);
    const at = (i) => `198.${18 + (n >> 14)}.${(n >> 6) & 255}.${((n & 63) << 2) + i}`;
    if (taken.has(at(1))) continue;
    await must('ip', ['netns', 'add', name]);
    const inside = ['-n', name];
    await must('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
    await must('ip', ['addr', 'add', `${at(1)}/30`, 'dev', name]);
    await must('ip', ['link', 'set', name, 'up']);
    await must('ip', [...inside, 'addr', 'add', `${at(2)}/30`, 'dev', 'eth0']);
    await must('ip', [...inside, 'link', 'set', 'eth0', 'up']);
    await must('ip', [...inside, 'link', 'set', 'lo', 'up']);
    return { host: at(1), address: at(2) };
  }
  throw new Error('cannot make a network: no address is free');
}

const unplug = (name) => spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });

function words(image, name, host, options) {
  const { env: variables = {}, volumes = [], tmpfs = [] } = options;
  const runtime = options.runtime === 'gvisor' ? ['--runtime', file('gvisor')] : [];
  return [
    ...runtime,
    'create',
    '--pull=never',
    // Podman has systemd ask; there is none here.
    ...['--rm', '--no-healthcheck'],
    ...['--name', name, '--hostname', 'container', '--network', `ns:/run/netns/${name}`],
    ...['--add-host', `machine:${host}`],
    ...Object.entries(variables).flatMap(([k, v]) => ['--env', `${k}=${v}`]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...tmpfs.flatMap((place) => ['--tmpfs', place]),
    ...(options.user ? ['--user', options.user] : []),
    ...(options.readOnly ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(options.init ? ['--init'] : []),
    ...(options.memory ? ['--memory', options.memory, '--memory-swap', options.memory] : []),
    ...(options.workdir ? ['--workdir', options.workdir] : []),
    ...(options.entrypoint ? ['--entrypoint', JSON.stringify(options.entrypoint)] : []),
    ...(options.tty ? ['--tty', '--interactive'] : []),
    // As the platforms do: nothing gained by running a set-uid program.
    ...(options.plain ? ['--cap-drop=all', '--security-opt=no-new-privileges'] : []),
    image,
    ...(options.args ?? []),
  ];
}

/** A name and a network that end with this process. */
async function plugged() {
  await sweep();
  count += 1;
  const name = `${prefix}${count}`;
  running.set(name, null);
  return { name, ...(await network(name)) };
}

/** Starts a container in a network of its own; see containers.d.mts. */
export async function start(image, options = {}) {
  await base();
  const { name, host, address } = await plugged();
  await must('podman', words(image, name, host, options));
  const attach = ['start', '--attach', ...(options.tty ? ['--interactive'] : []), name];
  // A terminal of its own; `script` ends as the container does.
  const command = options.tty
    ? ['script', '--quiet', '--return', '--flush', '-c', `podman ${attach.join(' ')}`, '/dev/null']
    : ['podman', ...attach];
  const watched = watch(name, command, env(), options.tty);
  return {
    name,
    address,
    host,
    ...watched,
    stop: (seconds = 10) => podman('stop', '--time', `${seconds}`, name),
    kill: (signal) => podman('kill', '--signal', signal, name),
    exec: (...args) => podman('exec', name, ...args),
    inspect: async (format) => (await podman('inspect', '--format', format, name)).out.trim(),
    remove: async () => {
      await podman('rm', '--force', '--time', '0', '--ignore', name);
      await watched.ended;
    },
  };
}

/** Spawns what stands for the container; `ended` has its code, and its network is gone then. */
function watch(name, [command, ...args], variables, tty = false) {
  const startedMs = performance.now();
  const child = spawn(command, args, {
    env: variables,
    stdio: [tty ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  running.set(name, child);
  const text = { out: '', err: '' };
  for (const [stream, key] of [
    [child.stdout, 'out'],
    [child.stderr, 'err'],
  ])
    stream.on('data', (data) => {
      text[key] += data.toString('latin1');
    });
  const ended = new Promise((done) => {
    child.on('close', (code) => {
      done({ code: code ?? -1, afterMs: performance.now() - startedMs });
      // The last packets have still to arrive: they tell the other end of its connections.
      setTimeout(() => {
        unplug(name);
        running.delete(name);
      }, 1000).unref();
    });
  });
  return {
    startedMs,
    pid: child.pid,
    out: () => text.out,
    err: () => text.err,
    write: (data) => child.stdin?.write(data),
    ended,
  };
}

/**
 * A command of this machine as PID 1 of a namespace and in a network of its own: a container as
 * far as processes can tell. `user` is `uid[:gid]`.
 */
export async function startCommand(command, options = {}) {
  const { name, host, address } = await plugged();
  const [uid, gid = uid] = (options.user ?? '').split(':');
  const as = uid ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
  const isolated = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const words = ['ip', 'netns', 'exec', name, ...isolated, ...as, 'sh', '-c', `exec ${command}`];
  const watched = watch(name, words, { PATH: process.env.PATH, ...options.env });
  const first = () => {
    const children = `/proc/${watched.pid}/task/${watched.pid}/children`;
    return existsSync(children) ? readFileSync(children, 'utf8').trim().split(' ')[0] : '';
  };
  const kill = async (signal) => {
    const pid = first();
    if (pid !== '') process.kill(Number(pid), `SIG${signal}`);
  };
  return {
    name,
    address,
    host,
    ...watched,
    kill,
    exec: (...args) => run('nsenter', ['-t', first(), '-p', '-m', ...args]),
    inspect: async () => first(),
    remove: async () => {
      // Not unshare: what has changed its user since doesn't hear of its parent's death.
      await kill('KILL');
      await watched.ended;
    },
  };
}

/** Runs a container to its end. */
export async function runToEnd(image, options = {}) {
  const container = await start(image, options);
  const end = await container.ended;
  return { ...end, out: container.out(), err: container.err() };
}

let swept = null;
/** Ends what a process of this program left behind when it was killed. */
function sweep() {
  swept ??= (async () => {
    const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
    for (const name of names) {
      const owner = ownerOf(name);
      if (owner === null || alive(owner)) continue;
      await podman('rm', '--force', '--time', '0', '--ignore', name);
      unplug(name);
    }
  })();
  return swept;
}

/** Ends all that this process started, and unmounts the store when nobody uses it. */
export function cleanUp() {
  for (const name of running.keys()) {
    spawnSync('podman', ['rm', '--force', '--time', '0', '--ignore', name], {
      env: env(),
      stdio: 'ignore',
    });
    // What is left of a command that was started without an engine.
    const inside = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? '';
    for (const pid of inside.split('\n').filter(Boolean)) spawnSync('kill', ['-KILL', pid]);
    unplug(name);
  }
  running.clear();
}
process.on('exit', cleanUp);

export function unmount() {
  const left = spawnSync('podman', ['ps', '--quiet'], { env: env(), encoding: 'utf8' });
  if (left.stdout?.trim()) return;
  const places = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((place) => place.startsWith(`${store}/`));
  for (const place of places.reverse()) spawnSync('umount', [place], { stdio: 'ignore' });
}

const verdicts = new Map();
/** Why containers cannot run here under `runtime`, or null. The first call may make the base. */
export function unavailable(runtime = 'runc') {
  if (!verdicts.has(runtime)) verdicts.set(runtime, reason(runtime));
  return verdicts.get(runtime);
}

async function reason(runtime) {
  if (process.platform !== 'linux') return 'only on Linux';
  if (process.getuid() !== 0) return 'only as root';
  const missing = Object.entries(needed)
    .filter(([, places]) => ![places].flat().some((place) => existsSync(place)))
    .map(([name]) => name);
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  try {
    await base();
    const r = await runToEnd(baseImage, { runtime, args: ['echo', 'here'] });
    return r.out === 'here\n' ? null : `a first container said: ${tail(r.err) || r.code}`;
  } catch (error) {
    return error.message.split('\n').slice(-1)[0];
  }
}

/** A folder for one build, removed at the end of the process. */
export function scratch() {
  mkdirSync(file('build'), { recursive: true });
  const dir = mkdtempSync(join(file('build'), 'ctx-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function main([what, ...rest]) {
  const all = rest.includes('--all');
  switch (what) {
    case 'make-base':
      return makeBase();
    case 'make-node':
      return makeNode();
    case 'base':
      return base();
    case 'build':
      return console.log(await build(rest[0], rest[1] ? { tag: rest[1] } : {}));
    case 'images':
      return console.log((await podman('images')).out);
    case 'clean':
      await sweep();
      unmount();
      if (all) for (const one of ['storage', 'run']) rmSync(file(one), { recursive: true });
      return undefined;
    default:
      console.error('usage: node tools/containers.mjs base | build DIR [TAG] | images | clean');
      process.exitCode = 64;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
