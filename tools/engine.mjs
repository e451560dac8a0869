// The engine's source: from Debian's testing suite through a private apt state, so that the
// machine's own sources stay as they are; or from QJS_SRC.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage } from './apt.mjs';

function fail(message) {
  console.error(`cannot get the engine's source: ${message}`);
  console.error('  hint: unpack a release of QuickJS-ng and name it: QJS_SRC=DIR npm run build');
  process.exit(1);
}

function download(root, pin) {
  console.log(`fetching the engine's source: Debian package ${pin.package} (private apt state)`);
  const fetched = fetchPackage(root, { name: pin.package, suite: 'testing' });
  if (fetched.problem) fail(fetched.problem);
  const { path, version, sha256 } = fetched;
  const tested = sha256 === pin.sha256;
  if (!tested && version === pin.version)
    fail(`${pin.package} ${version} is not the file that tools/engine.json pins`);
  if (!tested)
    console.log(`warning: the archive has ${version}, tested is ${pin.version}: going on`);
  const out = join(root, '.cache', 'engine-source');
  execFileSync('dpkg-deb', ['-x', path, `${out}.new`]);
  rmSync(out, { recursive: true, force: true });
  renameSync(`${out}.new`, out);
  fetched.remove();
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
