// Everything that a release is, into build/release: binaries, npm tarballs, the image, the list of
// what it is made of, the changelog's section, check sums. The same commit gives the same bytes.
//
//     node tools/release.mjs                       builds both binaries, and refuses what isn't clean
//     node tools/release.mjs --rehearse --out DIR  of what is built, as it is: for tests
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { engineVersion } from './engine.mjs';
import { makePackages, platforms } from './npm.mjs';
import { ociArchive, sha256 } from './oci.mjs';
import { sbom } from './sbom.mjs';

const root = resolve(import.meta.dirname, '..');

function ask(command, ...args) {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8' }).trim();
}

/** Why this may not be released: all reasons at once. `status` is `git status --porcelain`. */
export function refusals({ engine, status, version, policyVersion, changelog }) {
  const found = [];
  if (/untested/.test(engine))
    found.push(`the engine is ${engine}: only the one that tools/engine.json pins was tested`);
  if (status !== '') found.push(`the tree is not clean:\n${status.replace(/^/gm, '  ')}`);
  if (version !== policyVersion)
    found.push(`package.json says ${version}, policy/cli/version.ts says ${policyVersion}`);
  if (sectionOf(changelog, version) === null) found.push('CHANGELOG.md has no section for it');
  return found;
}

/** The section of this version, else of what is not released yet; null: there is neither. */
export function sectionOf(changelog, version) {
  for (const name of [version, 'Unreleased']) {
    const at = changelog.indexOf(`## [${name}]`);
    if (at < 0) continue;
    const end = changelog.indexOf('\n## [', at + 1);
    const body = changelog.slice(changelog.indexOf('\n', at), end < 0 ? undefined : end);
    return `# Tandem ${version}\n\n${body.trim()}\n`;
  }
  return null;
}

/** Seconds: SOURCE_DATE_EPOCH, else when the commit was made (reproducible-builds.org). */
function epochOf() {
  const given = process.env.SOURCE_DATE_EPOCH ?? '';
  return /^\d+$/.test(given) ? Number(given) : Number(ask('git', 'log', '-1', '--format=%ct'));
}

function muslVersions(there) {
  const own = ask('dpkg-query', '-W', '-f', '${Version}', 'musl-dev');
  const cross = join(root, '.cache/musl-arm64/musl.json');
  return {
    amd64: own,
    ...(there.some(({ cpu }) => cpu === 'arm64')
      ? { arm64: JSON.parse(readFileSync(cross, 'utf8')).version }
      : {}),
  };
}

/** Makes all files in `out`, and gives their names. */
export async function makeRelease(out, { version, changelog }) {
  const epoch = epochOf();
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const there = platforms.filter(({ binary }) => existsSync(join(root, binary)));
  for (const { name, binary } of there)
    copyFileSync(join(root, binary), join(out, `tandem-${version}-${name}`));
  const { tarballs, packages } = await makePackages(join(out, 'npm'));
  for (const path of tarballs) copyFileSync(path, join(out, basename(path)));
  rmSync(join(out, 'npm'), { recursive: true });
  const architecture = { x64: 'amd64', arm64: 'arm64' };
  const image = ociArchive({
    binaries: there.map(({ cpu, binary }) => ({
      architecture: architecture[cpu],
      bytes: readFileSync(join(root, binary)),
    })),
    reference: version,
    labels: {
      'org.opencontainers.image.title': 'tandem',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.revision': ask('git', 'rev-parse', 'HEAD'),
    },
    epoch,
  });
  writeFileSync(join(out, `tandem-${version}-image.oci.tar`), image);
  writeFileSync(join(out, `CHANGELOG-${version}.md`), sectionOf(changelog, version));
  const sums = () =>
    Object.fromEntries(
      readdirSync(out)
        .sort()
        .map((name) => [name, sha256(readFileSync(join(out, name)))]),
    );
  const engine = JSON.parse(readFileSync(join(root, 'tools/engine.json'), 'utf8'));
  const list = sbom({
    version,
    engine,
    musl: muslVersions(there),
    gcc: ask('gcc', '-dumpfullversion'),
    packages,
    files: sums(),
    epoch,
  });
  writeFileSync(join(out, `tandem-${version}.cdx.json`), `${JSON.stringify(list, null, 2)}\n`);
  const lines = Object.entries(sums()).map(([name, hash]) => `${hash}  ${name}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), lines.join(''));
  return readdirSync(out).sort();
}

async function main(args) {
  const rehearse = args.includes('--rehearse');
  const at = args.indexOf('--out');
  const out = resolve(at < 0 ? join(root, 'build/release') : args[at + 1]);
  if (!rehearse)
    for (const more of [[], ['--arch', 'arm64']])
      execFileSync(process.execPath, ['tools/build.mjs', ...more], { cwd: root, stdio: 'inherit' });
  const read = (name) => readFileSync(join(root, name), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const changelog = read('CHANGELOG.md');
  const policyVersion = /version = '([^']+)'/.exec(read('policy/cli/version.ts'))?.[1];
  const given = { version, policyVersion, changelog, engine: engineVersion(root) };
  const found = refusals({ ...given, status: ask('git', 'status', '--porcelain') });
  if (found.length > 0 && !rehearse) {
    for (const one of found) console.error(`cannot release ${version}: ${one}`);
    process.exit(1);
  }
  for (const name of await makeRelease(out, given)) console.log(join(out, name));
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
