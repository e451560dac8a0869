/**
 * Goal: a release is whole, says what it is made of, and is the same bytes for the same commit.
 * Method: a rehearsal of what is built, twice; the image read by the specification's own rules and
 * by buildah; the list of parts by CycloneDX's schema.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusals, sectionOf } from '../tools/release.mjs';
import { cleanUp, folder } from './binary.ts';

const out = join(folder(), 'release');
const version: string = JSON.parse(readFileSync('package.json', 'utf8')).version;
const supported = process.arch === 'x64' && existsSync('build/tandem');
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const file = (name: string): Buffer => readFileSync(join(out, name));

/** Throws where it does not end with 0. */
const run = promisify(execFile);

async function rehearse(to: string): Promise<void> {
  const args = ['tools/release.mjs', '--rehearse', '--out', to];
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1700000000' };
  await run('node', args, { env });
}

/** Entries of a ustar archive. */
function entries(archive: Buffer): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (let at = 0; archive[at] !== 0 && at < archive.length; ) {
    const text = (from: number, length: number): string =>
      archive.toString('latin1', at + from, at + from + length).replace(/\0.*/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    found.set(text(0, 100), archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

describe.skipIf(!supported)('a rehearsed release', () => {
  beforeAll(() => rehearse(out), 600_000);
  afterAll(cleanUp);

  test('is the same bytes when it is made again', async () => {
    const again = join(folder(), 'again');
    await rehearse(again);
    expect(readFileSync(join(again, 'SHA256SUMS'), 'utf8')).toBe(`${file('SHA256SUMS')}`);
  }, 600_000);

  test('holds every kind of file, and their check sums are right', () => {
    const names = readdirSync(out);
    for (const name of [
      `tandem-${version}-linux-x64`,
      `tandem-${version}-image.oci.tar`,
      `tandem-${version}.cdx.json`,
      `CHANGELOG-${version}.md`,
      `tandem-init-${version}.tgz`,
      `tandem-init-front-${version}.tgz`,
      `tandem-init-linux-x64-${version}.tgz`,
    ])
      expect(names).toContain(name);
    const sums = `${file('SHA256SUMS')}`.trim().split('\n');
    expect(sums.map((line) => line.slice(66))).toEqual(
      names.filter((name) => name !== 'SHA256SUMS').sort(),
    );
    for (const line of sums) expect(hash(file(line.slice(66)))).toBe(line.slice(0, 64));
    expect(hash(file(`tandem-${version}-linux-x64`))).toBe(hash(readFileSync('build/tandem')));
  });

  test('the image is the binary alone, each blob by its digest', () => {
    const all = entries(file(`tandem-${version}-image.oci.tar`));
    const blob = (digest: string): Buffer => {
      const bytes = all.get(`blobs/${digest.replace(':', '/')}`) ?? Buffer.alloc(0);
      expect(`sha256:${hash(bytes)}`).toBe(digest);
      return bytes;
    };
    const read = (bytes: Buffer | undefined) => JSON.parse(`${bytes}`);
    expect(read(all.get('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
    const [named] = read(all.get('index.json')).manifests;
    const index = read(blob(named.digest));
    expect(index.manifests[0].platform).toEqual({ architecture: 'amd64', os: 'linux' });
    for (const one of index.manifests) {
      const manifest = read(blob(one.digest));
      expect(read(blob(manifest.config.digest)).config.Entrypoint).toEqual(['/tandem']);
      const layer = entries(blob(manifest.layers[0].digest));
      expect([...layer.keys()]).toEqual(['tandem']);
    }
    const first = read(blob(index.manifests[0].digest));
    const binary = entries(blob(first.layers[0].digest)).get('tandem');
    expect(hash(binary ?? Buffer.alloc(0))).toBe(hash(readFileSync('build/tandem')));
  });

  test('buildah takes the image', async ({ skip }) => {
    const there = spawnSync('buildah', ['--version']).status === 0;
    skip(!there || process.getuid?.() !== 0, 'there is no buildah here, or no root');
    const root = folder();
    const store = ['--root', join(root, 'root'), '--runroot', join(root, 'run')];
    const archive = `oci-archive:${join(out, `tandem-${version}-image.oci.tar`)}`;
    const args = [...store, '--storage-driver', 'vfs', 'pull', archive];
    expect((await run('buildah', args)).stdout).toMatch(/^[0-9a-f]{64}\n$/);
  }, 600_000);

  test('the list of parts is valid CycloneDX, and names them all', () => {
    const folder = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
    const schema = (name: string) =>
      JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8'));
    const ajv = new Ajv({ strict: false, validateFormats: false });
    for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
      const { $id: _named, ...rest } = schema(name);
      ajv.addSchema(rest, `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    }
    const validate = ajv.compile(schema('bom-1.6'));
    const list = JSON.parse(`${file(`tandem-${version}.cdx.json`)}`);
    const good = validate(list);
    expect(validate.errors ?? []).toEqual([]);
    expect(good).toBe(true);
    const names = list.components.map((one: { name: string }) => one.name);
    for (const name of ['quickjs-ng', 'musl', 'libgcc', 'yaml', 'sucrase', 'smol-toml'])
      expect(names).toContain(name);
    expect(list.metadata.timestamp).toBe('2023-11-14T22:13:20.000Z');
  }, 300_000);
});

const good = {
  engine: '0.17.0-1',
  status: '',
  version: '1.2.3',
  policyVersion: '1.2.3',
  changelog: '# Changelog\n\n## [Unreleased]\n\n## [1.2.3]\n\n- This.\n\n## [1.2.2]\n\n- That.\n',
};

test.each([
  [{ engine: '0.18.0-1, untested' }, 'only the one that tools/engine.json pins was tested'],
  [{ engine: 'from QJS_SRC, untested' }, 'the engine is from QJS_SRC'],
  [{ status: ' M README.md' }, 'the tree is not clean:\n   M README.md'],
  [{ policyVersion: '1.2.4' }, 'package.json says 1.2.3'],
  [{ changelog: '# Changelog\n' }, 'has no section'],
])('%j is refused', (wrong, said) => {
  expect(refusals(good)).toEqual([]);
  expect(refusals({ ...good, ...wrong }).join('\n')).toContain(said);
});

test('the changelog’s section is the version’s own', () => {
  expect(sectionOf(good.changelog, '1.2.3')).toBe('# Tandem 1.2.3\n\n- This.\n');
  expect(sectionOf(good.changelog, '1.2.2')).toBe('# Tandem 1.2.2\n\n- That.\n');
});
