// The engine's source: from Debian's testing suite through a private apt state, so that the
// machine's own sources stay as they are; or from QJS_SRC.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The archive that this machine's own sources name; it serves the testing suite too. */
function archiveUri() {
  const files = ['/etc/apt/sources.list'];
  if (existsSync('/etc/apt/sources.list.d'))
    for (const f of readdirSync('/etc/apt/sources.list.d').sort())
      if (/\.(list|sources)$/.test(f)) files.push(join('/etc/apt/sources.list.d', f));
  for (const file of files) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const uri = /^URIs:\s*(\S+)/.exec(line) ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line);
      if (uri && /debian\/?$/.test(uri[1]) && !/security/.test(uri[1])) return uri[1];
    }
  }
  return null;
}

function fail(message) {
  console.error(`cannot get the engine's source: ${message}`);
  console.error('  hint: unpack a release of QuickJS-ng and name it: QJS_SRC=DIR npm run build');
  process.exit(1);
}

function download(root, pin) {
  const uri = archiveUri();
  if (!uri) fail('no Debian archive is named in /etc/apt');
  const apt = join(root, '.cache', 'apt');
  for (const dir of ['state/lists/partial', 'cache/archives/partial', 'etc', 'deb'])
    mkdirSync(join(apt, dir), { recursive: true });
  const list = join(apt, 'etc', 'sources.list');
  writeFileSync(list, `deb [signed-by=${keyring}] ${uri} testing main\n`);
  const options = [
    '-q',
    '-o',
    `Dir::Etc::sourcelist=${list}`,
    '-o',
    'Dir::Etc::sourceparts=-',
    '-o',
    `Dir::State=${join(apt, 'state')}`,
    '-o',
    'Dir::State::status=/var/lib/dpkg/status',
    '-o',
    `Dir::Cache=${join(apt, 'cache')}`,
    '-o',
    'APT::Sandbox::User=root',
  ];
  const quiet = { stdio: ['ignore', 'ignore', 'pipe'], cwd: join(apt, 'deb') };
  console.log(`fetching the engine's source: Debian package ${pin.package} (private apt state)`);
  try {
    execFileSync('apt-get', [...options, 'update'], quiet);
    execFileSync('apt-get', [...options, 'download', pin.package], quiet);
  } catch (error) {
    fail(`apt-get: ${String(error.stderr ?? error.message).trim()}`);
  }
  const deb = readdirSync(join(apt, 'deb')).find((f) => f.endsWith('.deb'));
  const path = join(apt, 'deb', deb);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  const version = deb.split('_')[1];
  const tested = sha256 === pin.sha256;
  if (!tested && version === pin.version)
    fail(`${deb} is not the file that tools/engine.json pins`);
  if (!tested)
    console.log(`warning: the archive has ${version}, tested is ${pin.version}: going on`);
  const out = join(root, '.cache', 'engine-source');
  execFileSync('dpkg-deb', ['-x', path, `${out}.new`]);
  rmSync(out, { recursive: true, force: true });
  renameSync(`${out}.new`, out);
  rmSync(apt, { recursive: true, force: true });
  writeFileSync(join(out, 'engine.json'), JSON.stringify({ version, tested }));
}

/** The folder with quickjs.c, fetched if it isn't there. */
export function engineSource(root) {
  const given = process.env.QJS_SRC;
  if (given) {
    if (!existsSync(join(given, 'quickjs.c'))) fail(`QJS_SRC=${given} has no quickjs.c`);
    return given;
  }
  const pin = JSON.parse(readFileSync(join(root, 'tools', 'engine.json'), 'utf8'));
  const folder = join(root, '.cache', 'engine-source');
  if (!existsSync(join(folder, 'engine.json'))) download(root, pin);
  return join(folder, 'usr', 'src', 'quickjs-ng');
}

/** For `tandem version`: what the engine is, and whether it is the one that was tested. */
export function engineVersion(root) {
  if (process.env.QJS_SRC) return 'from QJS_SRC, untested';
  const made = JSON.parse(readFileSync(join(root, '.cache/engine-source/engine.json'), 'utf8'));
  return made.tested ? made.version : `${made.version}, untested`;
}
