// Makes the npm packages: build/npm/{tandem-init,linux-x64,linux-arm64}, and a tarball of each.
//
//     node tools/npm.mjs              what was built: the x64 binary, the arm64 one where it is there
//     node tools/npm.mjs --out DIR    elsewhere
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';
import { engineVersion } from './engine.mjs';
import { bundleFront } from './front.mjs';

const root = resolve(import.meta.dirname, '..');
const { version, description, license, engines } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

export const platforms = [
  { name: 'linux-x64', cpu: 'x64', binary: 'build/tandem' },
  { name: 'linux-arm64', cpu: 'arm64', binary: 'build/tandem-arm64' },
];

const shared = { version, license, engines };

function write(folder, name, text) {
  writeFileSync(
    join(folder, name),
    typeof text === 'string' ? text : JSON.stringify(text, null, 2),
  );
}

/** The npm packages whose code a bundle holds, with what their licences ask to be shown. */
export function bundled(metafile) {
  const names = new Set();
  for (const path of Object.keys(metafile.inputs)) {
    const match = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (match) names.add(match[1]);
  }
  return [...names].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const own = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
    return { name, version: own.version, license: own.license, text };
  });
}

async function bundle(folder) {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['npm/cli.ts', 'npm/hooks.ts', 'npm/index.ts'],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // What only a typed configuration needs is read when there is one.
    splitting: true,
    format: 'esm',
    // The modules of what is bundled, as in the binary, not their CommonJS twins.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    target: 'node20',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    define: { tandemEngine: JSON.stringify(engineVersion(root)) },
  });
  return result.metafile;
}

/** What the policy itself has to say, as text: the schema and the types. */
async function fromPolicy() {
  const result = await esbuild.build({
    absWorkingDir: root,
    stdin: {
      contents:
        "export { schema } from './policy/desk/schema.ts'; export { types } from './policy/desk/types.ts';",
      resolveDir: root,
    },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    logLevel: 'warning',
  });
  const code = Buffer.from(result.outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}

function noticesOf(packages) {
  return packages
    .map((one) => `${one.name} ${one.version} (${one.license})\n\n${one.text}\n`)
    .join(`\n${'-'.repeat(72)}\n\n`);
}

async function main(out) {
  const folder = join(out, 'tandem-init');
  mkdirSync(folder, { recursive: true });
  const meta = await bundle(folder);
  const file = join(folder, 'cli.mjs');
  writeFileSync(file, `#!/usr/bin/env node\n${readFileSync(file, 'utf8')}`);
  chmodSync(file, 0o755);
  const { schema, types } = await fromPolicy();
  write(folder, 'config.d.ts', types());
  copyFileSync(join(root, 'npm/index.d.ts'), join(folder, 'index.d.ts'));
  write(folder, 'tandem.schema.json', schema());
  for (const [from, to] of [
    ['npm/README.md', 'README.md'],
    ['LICENSE', 'LICENSE'],
    ['docs/tandem.1', 'tandem.1'],
  ])
    copyFileSync(join(root, from), join(folder, to));
  const packages = bundled(meta);
  write(folder, 'THIRD-PARTY-NOTICES', noticesOf(packages));
  write(folder, 'package.json', {
    name: 'tandem-init',
    description,
    ...shared,
    keywords: ['init', 'pid1', 'container', 'docker', 'supervisor', 'nginx'],
    type: 'module',
    bin: { tandem: 'cli.mjs', 'tandem-init': 'cli.mjs' },
    man: './tandem.1',
    exports: {
      '.': { types: './index.d.ts', default: './index.mjs' },
      './schema': './tandem.schema.json',
      './package.json': './package.json',
    },
    types: './index.d.ts',
    optionalDependencies: Object.fromEntries(
      platforms.map(({ name }) => [`@tandem-init/${name}`, version]),
    ),
  });
  return { folder, packages };
}

function platform(out, { name, cpu, binary }) {
  const folder = join(out, name);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  copyFileSync(join(root, binary), join(folder, 'bin/tandem'));
  chmodSync(join(folder, 'bin/tandem'), 0o755);
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  write(
    folder,
    'README.md',
    `# @tandem-init/${name}\n\nThe static binary of Tandem for Linux on ${cpu}. ` +
      'Install `tandem-init`, which brings it.\n',
  );
  write(folder, 'package.json', {
    name: `@tandem-init/${name}`,
    description: `Tandem for Linux on ${cpu}`,
    ...shared,
    os: ['linux'],
    cpu: [cpu],
    preferUnplugged: true,
  });
  return folder;
}

/** The embedded front, for images that have Node anyway. */
async function front(out) {
  const folder = join(out, 'front');
  const packages = bundled(await bundleFront(folder));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  copyFileSync(join(root, 'front/README.md'), join(folder, 'README.md'));
  write(folder, 'THIRD-PARTY-NOTICES', noticesOf(packages));
  const own = JSON.parse(readFileSync(join(root, 'front/package.json'), 'utf8'));
  write(folder, 'package.json', { ...own, version });
  return { folder, packages };
}

/** Folders and tarballs below `out`; the tarballs of equal folders are equal, by npm. */
export async function makePackages(out) {
  rmSync(out, { recursive: true, force: true });
  const there = platforms.filter(({ binary }) => existsSync(join(root, binary)));
  const desk = await main(out);
  const door = await front(out);
  const names = new Set(desk.packages.map((one) => one.name));
  const packages = [...desk.packages, ...door.packages.filter((one) => !names.has(one.name))];
  const folders = [desk.folder, door.folder, ...there.map((one) => platform(out, one))];
  const args = ['pack', '--json', '--pack-destination', out, '--loglevel=error', ...folders];
  const said = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  const files = (Array.isArray(said) ? said : Object.values(said)).map((one) => one.filename);
  return { folders, packages, tarballs: files.map((name) => join(out, name)) };
}

if (process.argv[1] === import.meta.filename) {
  const at = process.argv.indexOf('--out');
  const made = await makePackages(at < 0 ? join(root, 'build/npm') : resolve(process.argv[at + 1]));
  for (const path of made.tarballs) console.log(path);
}
