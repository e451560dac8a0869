// One Debian package of any suite and architecture, through a private apt state: the machine's own
// sources, lists and architectures stay as they are.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The archive that this machine's own sources name; it serves the testing suite too. */
export function archiveUri() {
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

/** The suite that this machine runs: `bookworm`. */
export function ownSuite() {
  return /^VERSION_CODENAME=(\S+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
}

/** The file, its version and check sum; `remove` it when it is unpacked. Or a problem, in words. */
export function fetchPackage(root, { name, suite, architecture }) {
  const uri = archiveUri();
  if (!uri) return { problem: 'no Debian archive is named in /etc/apt' };
  const apt = join(root, '.cache', `apt-${name}`);
  rmSync(apt, { recursive: true, force: true });
  for (const dir of ['state/lists/partial', 'cache/archives/partial', 'etc', 'deb'])
    mkdirSync(join(apt, dir), { recursive: true });
  const list = join(apt, 'etc', 'sources.list');
  writeFileSync(list, `deb [signed-by=${keyring}] ${uri} ${suite} main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State=${join(apt, 'state')}`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${join(apt, 'cache')}`,
    'APT::Sandbox::User=root',
    ...(architecture
      ? [`APT::Architecture=${architecture}`, `APT::Architectures=${architecture}`]
      : []),
  ];
  const options = ['-q', ...settings.flatMap((one) => ['-o', one])];
  const quiet = { stdio: ['ignore', 'ignore', 'pipe'], cwd: join(apt, 'deb') };
  try {
    execFileSync('apt-get', [...options, 'update'], quiet);
    execFileSync('apt-get', [...options, 'download', name], quiet);
  } catch (error) {
    return { problem: `apt-get: ${String(error.stderr ?? error.message).trim()}` };
  }
  const deb = readdirSync(join(apt, 'deb')).find((f) => f.endsWith('.deb'));
  const path = join(apt, 'deb', deb);
  return {
    path,
    version: deb.split('_')[1],
    sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    remove: () => rmSync(apt, { recursive: true, force: true }),
  };
}
