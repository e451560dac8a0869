// What a release is made of, as CycloneDX 1.6: the binary's parts, and what the npm package bundles.
import { createHash } from 'node:crypto';

function library({ name, version, purl, license, parts, hash, text }) {
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    ...(text ? { description: text } : {}),
    ...(hash ? { hashes: [{ alg: 'SHA-256', content: hash }] } : {}),
    licenses: [license.includes(' ') ? { expression: license } : { license: { id: license } }],
    purl,
    properties: parts.map((part) => ({ name: 'tandem:part', value: part })),
  };
}

/** A UUID that follows from what is listed, as the specification's form has it. */
function uuid(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/**
 * `engine`: `{ version, sha256 }` of Debian's package of QuickJS-ng; `musl`: version for each
 * architecture; `packages`: npm's `{ name, version, license }`; `files`: name to SHA-256.
 */
export function sbom({ version, engine, musl, gcc, packages, files, epoch }) {
  const inBinary = ['yaml'];
  const binary = ['binary'];
  const libraries = [
    library({
      name: 'quickjs-ng',
      version: engine.version,
      purl: `pkg:deb/debian/qjs-src@${engine.version}?arch=all`,
      license: 'MIT',
      parts: binary,
      hash: engine.sha256,
      text: 'The engine. The check sum is that of Debian’s package of its source.',
    }),
    ...Object.entries(musl).map(([arch, at]) =>
      library({
        name: 'musl',
        version: at,
        purl: `pkg:deb/debian/musl-dev@${at}?arch=${arch}`,
        license: 'MIT',
        parts: binary,
      }),
    ),
    library({
      name: 'libgcc',
      version: gcc,
      purl: `pkg:generic/libgcc@${gcc}`,
      license: 'GPL-3.0-or-later WITH GCC-exception-3.1',
      parts: binary,
    }),
    ...packages.map(({ name, version: at, license }) =>
      library({
        name,
        version: at,
        purl: `pkg:npm/${name.replace('@', '%40')}@${at}`,
        license,
        parts: inBinary.includes(name) ? ['binary', 'npm'] : ['npm'],
      }),
    ),
  ];
  const own = `pkg:generic/tandem@${version}`;
  const made = Object.entries(files).map(([name, hash]) => ({
    type: 'file',
    'bom-ref': `file:${name}`,
    name,
    hashes: [{ alg: 'SHA-256', content: hash }],
  }));
  const body = {
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': own,
        name: 'tandem',
        version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        purl: own,
      },
    },
    components: [...libraries, ...made],
    dependencies: [
      { ref: own, dependsOn: libraries.map((one) => one['bom-ref']) },
      ...libraries.map((one) => ({ ref: one['bom-ref'] })),
    ],
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid(JSON.stringify(body))}`,
    ...body,
  };
}
