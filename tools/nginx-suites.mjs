// nginx of other Debian suites, with the libraries of their own: unpacked into .cache/nginx/SUITE,
// nothing is installed. `npm run test:long` runs the tables of test/front/ on each that is there.
//
//     node tools/nginx-suites.mjs [SUITE…]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { archiveUri } from './apt.mjs';

const root = resolve(import.meta.dirname, '..');
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const suites =
  process.argv.length > 2 ? process.argv.slice(2) : ['bookworm-backports', 'trixie', 'sid'];
/** What Debian's nginx is linked with; names differ between suites, so that each may be missing. */
const wanted = [
  'nginx',
  'libc6',
  'libcrypt1',
  'libpcre2-8-0',
  'libssl3',
  'libssl3t64',
  'zlib1g',
  'libzstd1',
];

function fetch(suite) {
  const top = join(root, '.cache', 'nginx', suite);
  if (existsSync(join(top, 'missing'))) rmSync(join(top, 'missing'));
  if (existsSync(join(top, 'done'))) return readFileSync(join(top, 'done'), 'utf8').trim();
  rmSync(top, { recursive: true, force: true });
  const apt = join(top, 'apt');
  for (const dir of ['state/lists/partial', 'cache/archives/partial', 'deb'])
    mkdirSync(join(apt, dir), { recursive: true });
  const uri = archiveUri();
  if (uri === null) throw new Error('no Debian archive is named in /etc/apt');
  const list = join(apt, 'sources.list');
  writeFileSync(list, `deb [signed-by=${keyring}] ${uri} ${suite} main\n`);
  writeFileSync(join(apt, 'status'), '');
  const settings = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State': join(apt, 'state'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': join(apt, 'cache'),
    'APT::Sandbox::User': 'root',
  };
  const options = [
    '-q',
    ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
  ];
  const quiet = {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: join(apt, 'deb'),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  };
  execFileSync('apt-get', [...options, 'update'], quiet);
  const known = execFileSync('apt-cache', [...options, 'pkgnames'], quiet).split('\n');
  const names = wanted.filter((name) => known.includes(name));
  if (!names.includes('nginx')) throw new Error(`the archive's ${suite} has no nginx`);
  execFileSync('apt-get', [...options, 'download', ...names], quiet);
  const files = readdirSync(join(apt, 'deb')).filter((file) => file.endsWith('.deb'));
  for (const file of files)
    execFileSync('dpkg-deb', ['-x', join(apt, 'deb', file), join(top, 'root')]);
  const version = files.find((file) => file.startsWith('nginx_'))?.split('_')[1] ?? '';
  rmSync(apt, { recursive: true, force: true });
  writeFileSync(join(top, 'done'), `${version}\n`);
  return version;
}

for (const suite of suites) {
  try {
    console.log(`${suite}: nginx ${fetch(suite)}`);
  } catch (error) {
    const why = String(error.stderr || error.message)
      .trim()
      .split('\n')
      .pop();
    const top = join(root, '.cache', 'nginx', suite);
    mkdirSync(top, { recursive: true });
    writeFileSync(join(top, 'missing'), `${why}\n`);
    console.log(`${suite}: skipped: ${why}`);
  }
}
