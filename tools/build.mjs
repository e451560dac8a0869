// Builds build/tandem: engine objects (cached), sections of bytecode, host, one static link.
//
//     node tools/build.mjs            the binary
//     node tools/build.mjs --tests    tandem-asan as well, with the address and undefined
//                                     sanitizers, and tandem-faulty, whose policy fails on demand
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';
import { engineSource, engineVersion } from './engine.mjs';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);
const forTests = process.argv.includes('--tests');
const sizeMax = 1_000_000;

const sections = {
  supervise: 'policy/core/supervise.ts',
  commands: 'policy/cli/commands.ts',
  files: 'policy/config/files.ts',
  words: 'policy/config/words.library.ts',
  attributes: 'policy/plan/bind-attributes.ts',
  front: 'policy/front/library.ts',
  yaml: 'policy/config/library.ts',
  desk: 'policy/desk/desk.ts',
};
const engineFiles = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'dtoa.c'];

function hash(...parts) {
  const h = createHash('sha256');
  for (const part of parts) h.update(part).update('\0');
  return h.digest('hex').slice(0, 16);
}

function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Runs `make` unless `out` was made from exactly these inputs before. */
function cached(out, key, make) {
  const stamp = `${out}.key`;
  if (existsSync(out) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return false;
  make();
  writeFileSync(stamp, key);
  return true;
}

// -ffile-prefix-map keeps the place of the build out of the binary.
const common = [
  '-std=gnu11',
  '-D_GNU_SOURCE',
  '-ffunction-sections',
  '-fdata-sections',
  `-ffile-prefix-map=${root}=.`,
  '-fno-asynchronous-unwind-tables',
  '-fno-unwind-tables',
];
const warnings = ['-Wall', '-Wextra', '-Werror'];

const builds = {
  release: {
    name: 'tandem',
    cc: 'musl-gcc',
    flags: ['-Os', ...common],
    link: ['-static', '-s', '-Wl,--gc-sections', '-Wl,--build-id=none'],
  },
  asan: {
    name: 'tandem-asan',
    cc: 'gcc',
    flags: [
      '-O1',
      '-g',
      '-std=gnu11',
      '-D_GNU_SOURCE',
      '-fsanitize=address,undefined',
      '-fno-sanitize=alignment',
      '-fno-sanitize-recover=undefined',
      '-fno-omit-frame-pointer',
    ],
    link: ['-fsanitize=address,undefined', '-lm', '-lpthread'],
  },
};

builds.gc = {
  ...builds.asan,
  name: 'tandem-gc',
  // The engine collects garbage at each allocation: a value that C holds without owning it is lost.
  flags: [...builds.asan.flags, '-DFORCE_GC_AT_MALLOC'],
};
builds.debug = {
  name: 'tandem-debug',
  cc: 'gcc',
  flags: ['-O1', '-g', '-std=gnu11', '-D_GNU_SOURCE', '-fno-omit-frame-pointer'],
  link: ['-lm', '-lpthread'],
};

function compile(build, sources, extra) {
  const stale = sources.filter(({ path, out, key }) => {
    const stamp = `${out}.key`;
    return !(existsSync(out) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) && path;
  });
  for (const { path, out, key } of stale) {
    run(build.cc, [...build.flags, ...extra, '-c', path, '-o', out]);
    writeFileSync(`${out}.key`, key);
  }
  return sources.map(({ out }) => out);
}

function engineObjects(build, source) {
  const key = hash(
    build.cc,
    ...build.flags,
    ...readdirSync(source)
      .filter((f) => /\.[ch]$/.test(f))
      .sort()
      .map((f) => readFileSync(join(source, f))),
  );
  const dir = join('.cache', `engine-${build.name}-${key}`);
  mkdirSync(dir, { recursive: true });
  const fresh = !existsSync(join(dir, 'dtoa.c.o.key'));
  if (fresh) console.log(`compiling the engine for ${build.name} (once, about 15 s)`);
  return compile(
    build,
    engineFiles.map((f) => ({ path: join(source, f), out: join(dir, `${f}.o`), key })),
    ['-w', '-DQJS_DISABLE_PARSER'],
  );
}

function bytecodeCompiler(source) {
  const key = hash(
    readFileSync('tools/bytecode.c'),
    ...engineFiles.map((f) => readFileSync(join(source, f))),
  );
  const out = join('.cache', `bytecode-${key}`);
  if (!existsSync(out)) {
    console.log('compiling the bytecode compiler (once, about 15 s)');
    run('gcc', [
      '-O1',
      '-w',
      '-D_GNU_SOURCE',
      `-I${source}`,
      'tools/bytecode.c',
      ...engineFiles.map((f) => join(source, f)),
      '-lm',
      '-lpthread',
      '-o',
      out,
    ]);
  }
  return out;
}

async function buildSection(compiler, name, entry) {
  const result = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    format: 'iife',
    globalName: 'section',
    minify: true,
    target: 'es2023',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    outfile: `build/${name}.js`,
    legalComments: 'none',
    logLevel: 'warning',
    define: {
      tandemEngine: JSON.stringify(engineVersion(root)),
      'process.env.LOG_TOKENS': 'undefined',
      'process.env.LOG_STREAM': 'undefined',
    },
    charset: 'utf8',
    write: false,
  });
  const text = result.outputFiles[0].contents;
  cached(`build/${name}.qbc`, hash(compiler, text), () => {
    writeFileSync(`build/${name}.js`, text);
    run(compiler, [`build/${name}.js`, `build/${name}.qbc`]);
  });
  return statSync(`build/${name}.qbc`).size;
}

/** `files`: section to the name of its bytecode. */
function assembly(files) {
  const parts = Object.entries(files).map(
    ([section, file]) =>
      `\t.global section_${section}, section_${section}_end\n\t.balign 16\n` +
      `section_${section}:\n\t.incbin "build/${file}.qbc"\nsection_${section}_end:\n`,
  );
  return `\t.section .rodata\n${parts.join('')}\t.section .note.GNU-stack,"",@progbits\n`;
}

function hostObjects(build, source) {
  const headers = readdirSync('host')
    .filter((f) => f.endsWith('.h'))
    .sort()
    .map((f) => readFileSync(join('host', f)));
  const dir = join('build', `host-${build.name}`);
  mkdirSync(dir, { recursive: true });
  const sources = readdirSync('host')
    .filter((f) => f.endsWith('.c'))
    .sort()
    .map((f) => ({
      path: join('host', f),
      out: join(dir, `${f}.o`),
      key: hash(build.cc, ...build.flags, ...headers, readFileSync(join('host', f))),
    }));
  return compile(build, sources, [...warnings, '-Ibuild', '-isystem', source]);
}

function link(build, source, name, files) {
  const objects = [...hostObjects(build, source), ...engineObjects(build, source)];
  const out = join('build', name);
  const sections = `build/${name}.S`;
  writeFileSync(sections, assembly(files));
  run(build.cc, [...build.flags, '-o', out, ...objects, sections, ...build.link]);
  return out;
}

const from = performance.now();
mkdirSync('build', { recursive: true });
mkdirSync('.cache', { recursive: true });
const source = engineSource(root);
const compiler = bytecodeCompiler(source);
const sizes = [];
for (const [name, entry] of Object.entries(sections))
  sizes.push(`${name} ${await buildSection(compiler, name, entry)}`);
const own = Object.fromEntries(Object.keys(sections).map((name) => [name, name]));
const binary = link(builds.release, source, 'tandem', own);
if (forTests) {
  link(builds.asan, source, 'tandem-asan', own);
  link(builds.gc, source, 'tandem-gc', own);
  link(builds.debug, source, 'tandem-debug', own);
  await buildSection(compiler, 'faulty', 'test/faulty.ts');
  link(builds.release, source, 'tandem-faulty', { ...own, supervise: 'faulty' });
  link(builds.asan, source, 'tandem-faulty-asan', { ...own, supervise: 'faulty' });
}
const size = statSync(binary).size;
const took = ((performance.now() - from) / 1000).toFixed(1);
console.log(`${binary}: ${size} bytes; sections: ${sizes.join(', ')}; ${took} s`);
if (size > sizeMax) {
  console.error(`cannot release ${binary}: ${size} bytes is more than ${sizeMax}`);
  process.exit(1);
}
