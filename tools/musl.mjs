// musl for another architecture: Debian's own package of it, unpacked beside the machine's.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage, ownSuite } from './apt.mjs';

const compiler = 'aarch64-linux-gnu-gcc';

function fail(message) {
  console.error(`cannot build for arm64: ${message}`);
  process.exit(1);
}

/** Its folder, fetched if it isn't there: `{ include, lib, version }`. */
function muslFor(root) {
  const folder = join(root, '.cache', 'musl-arm64');
  const stamp = join(folder, 'musl.json');
  if (!existsSync(stamp)) {
    console.log('fetching musl for arm64: Debian package musl-dev (private apt state)');
    const given = { name: 'musl-dev', suite: ownSuite(), architecture: 'arm64' };
    const fetched = fetchPackage(root, given);
    if (fetched.problem) fail(fetched.problem);
    rmSync(`${folder}.new`, { recursive: true, force: true });
    execFileSync('dpkg-deb', ['-x', fetched.path, `${folder}.new`]);
    const { version, sha256 } = fetched;
    writeFileSync(join(`${folder}.new`, 'musl.json'), JSON.stringify({ version, sha256 }));
    rmSync(folder, { recursive: true, force: true });
    renameSync(`${folder}.new`, folder);
    fetched.remove();
  }
  return {
    include: join(folder, 'usr/include/aarch64-linux-musl'),
    lib: join(folder, 'usr/lib/aarch64-linux-musl'),
    version: JSON.parse(readFileSync(stamp, 'utf8')).version,
  };
}

/** What musl-gcc does by its specs, said in flags, for a compiler that knows glibc. */
export function arm64(root) {
  const ask = (what) => execFileSync(compiler, [what], { encoding: 'utf8' }).trim();
  let gcc;
  try {
    gcc = ask('-print-file-name=include');
  } catch {
    fail(`${compiler} is not installed (apt-get install gcc-aarch64-linux-gnu)`);
  }
  const { include, lib, version } = muslFor(root);
  const file = (name) => join(lib, name);
  return {
    cc: compiler,
    muslVersion: version,
    // musl has no helper that libgcc's outlined atomics ask for the processor's features.
    flags: ['-nostdinc', '-isystem', include, '-isystem', gcc, '-mno-outline-atomics'],
    before: ['-nostdlib', file('crt1.o'), file('crti.o')],
    after: [`-L${lib}`, '-lc', ask('-print-libgcc-file-name'), '-lc', file('crtn.o')],
  };
}
