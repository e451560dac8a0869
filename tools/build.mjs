// Builds build/tandem: engine objects (cached), sections of bytecode, host, one static link.
//
//     node tools/build.mjs            the binary
//     node tools/build.mjs --arch arm64    build/tandem-arm64, with gcc-aarch64-linux-gnu
//     node tools/build.mjs --tests    tandem-asan as well, with the address and undefined
//                                     sanitizers, and tandem-faulty, whose policy fails on demand
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';
import { engineSource, engineVersion } from './engine.mjs';
import { lz4 } from './lz4.mjs';
import { arm64 } from './musl.mjs';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);
const forTests = process.argv.includes('--tests');
const arch = process.argv.includes('--arch') ? process.argv.at(-1) : 'x64';
if (!['x64', 'arm64'].includes(arch)) {
  console.error(`cannot build for ${arch}: x64 and arm64 are known`);
  process.exit(64);
}
const sizeMax = 1_000_000;

/**
 * The sections of bytecode. The first two are what a start opens engines on; the others are
 * libraries, which `facts.library` reads by name (policy/plan/libraries.ts has their types).
 * To add one: a line here and a type there. Packed: two fifths of the size, and 0.03 ms for each KB
 * when it is read, so nothing that a plain start reads is.
 */
const sections = {
  supervise: { entry: 'policy/core/supervise.ts', engine: true },
  commands: { entry: 'policy/cli/commands.ts', engine: true },
  files: { entry: 'policy/config/files.ts', packed: 'lz4' },
  words: { entry: 'policy/config/words.library.ts', packed: 'lzma' },
  attributes: { entry: 'policy/plan/bind-attributes.ts', packed: 'lzma' },
  front: { entry: 'policy/front/library.ts', packed: 'lzma' },
  yaml: { entry: 'policy/config/library.ts', packed: 'lzma' },
  desk: { entry: 'policy/desk/desk.ts', packed: 'lzma' },
  timeline: { entry: 'policy/live/library.ts', packed: 'lzma' },
  // Between a child's death and our exit, where every tenth of a millisecond is measured.
  reason: { entry: 'policy/report/reason.ts', packed: 'lz4' },
  live: { entry: 'policy/live/live.ts', packed: 'lzma' },
};
const lzma = 'preset=9e,lc=3,lp=0,pb=0,nice=273';
// Nothing evaluates source; and no clock, so that the image of an engine's memory is the same
// each time it is made (host/engine.c).
const engineDefines = ['-DQJS_DISABLE_PARSER', '-Dgettimeofday=engine_has_no_clock'];
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
/** What every start and every byte of output goes through: size is worth less than speed there. */
const hot = ['unlz4.c', 'entry.c', 'form.c', 'level.c', 'stream.c'];

const builds = {
  release: {
    name: 'tandem',
    cc: 'musl-gcc',
    flags: ['-Os', ...common],
    link: [
      '-static',
      '-s',
      '-Wl,--gc-sections',
      '-Wl,--build-id=none',
      '-Wl,-z,noseparate-code',
      '-Wl,--section-start=.engines=0x1000000',
    ],
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

if (arch === 'arm64') {
  run(process.execPath, ['tools/setup.mjs', 'cross']);
  const { cc, flags, before, after } = arm64(root);
  const { release } = builds;
  builds.release = {
    name: 'tandem-arm64',
    cc,
    flags: [...release.flags, ...flags],
    before,
    link: [...release.link, ...after],
  };
}

/** host/unicode.c has these instead, without the tables. */
const replacedUnicode = [
  'unicode_script',
  'unicode_general_category',
  'unicode_prop',
  'unicode_sequence_prop',
  'unicode_normalize',
].map((name) => `-D${name}=unused_${name}`);

function compile(build, sources, extra) {
  const stale = sources.filter(({ path, out, key }) => {
    const stamp = `${out}.key`;
    return !(existsSync(out) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) && path;
  });
  for (const { path, out, key, flags = [] } of stale) {
    run(build.cc, [...build.flags, ...flags, ...extra, '-c', path, '-o', out]);
    writeFileSync(`${out}.key`, key);
  }
  return sources.map(({ out }) => out);
}

function engineObjects(build, source) {
  const key = hash(
    build.cc,
    ...build.flags,
    ...engineDefines,
    ...replacedUnicode,
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
    engineFiles.map((f) => {
      const flags = f === 'libunicode.c' ? replacedUnicode : [];
      return { path: join(source, f), out: join(dir, `${f}.o`), flags, key };
    }),
    ['-w', ...engineDefines],
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

/**
 * Raw LZMA by xz, with an end marker and without a header: host/unlzma.c knows these numbers.
 * Bytecode has no alignment worth modelling, so the position plays no part in it.
 */
function pack(name, packed) {
  const bytes = readFileSync(`build/${name}.qbc`);
  if (packed === 'lz4') {
    cached(`build/${name}.lz4`, hash(lz4.toString(), bytes), () =>
      writeFileSync(`build/${name}.lz4`, lz4(bytes)),
    );
    return;
  }
  cached(`build/${name}.lzma`, hash(lzma, bytes), () => {
    const args = ['--format=raw', `--lzma1=${lzma}`, '--threads=1', '--stdout'];
    const packed = execFileSync('xz', args, { input: bytes, maxBuffer: 1 << 24 });
    writeFileSync(`build/${name}.lzma`, packed);
  });
}

const included = (symbol, file) =>
  `\t.balign 16\n${symbol}:\n\t.incbin "build/${file}"\n${symbol}_end:\n`;

/**
 * `files`: section to the name of its bytecode; `images`: whether the engines are opened on images.
 * Has the two tables that host/engine.h declares.
 */
function assembly(files, images) {
  const libraries = [];
  const engines = [];
  const [table, ofEngines] = [[], []];
  for (const [section, file] of Object.entries(files)) {
    const { engine, packed } = sections[section];
    const symbol = `section_${section}`;
    if (engine) {
      const unpacked = images ? statSync(`build/${file}.image`).size : 0;
      engines.push(included(symbol, images ? `${file}.image.lz4` : `${file}.qbc`));
      ofEngines.push(`\t.quad ${symbol}, ${symbol}_end, ${unpacked}\n`);
    } else {
      const unpacked = packed ? statSync(`build/${file}.qbc`).size : 0;
      const quick = packed === 'lz4' ? 1 : 0;
      libraries.push(included(symbol, `${file}.${packed || 'qbc'}`));
      libraries.push(`name_${section}:\n\t.asciz "${section}"\n`);
      table.push(`\t.quad name_${section}, ${symbol}, ${symbol}_end, ${unpacked}, ${quick}\n`);
    }
  }
  return (
    `\t.section .rodata\n${libraries.join('')}` +
    // Addresses: where the binary is position-independent, they are filled in when it is loaded.
    '\t.section .data.rel.ro,"aw",@progbits\n\t.balign 8\n' +
    `\t.global libraries\nlibraries:\n${table.join('')}\t.quad 0, 0, 0, 0, 0\n` +
    `\t.global engine_sections\nengine_sections:\n${ofEngines.join('')}` +
    // Apart from all else: nothing moves when the bytecode in it gives way to the images.
    `\t.section .engines,"a",@progbits\n${engines.join('')}` +
    '\t.section .note.GNU-stack,"",@progbits\n'
  );
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
      flags: build === builds.release && hot.includes(f) ? ['-O2'] : [],
      key: hash(build.cc, ...build.flags, hot.join(), ...headers, readFileSync(join('host', f))),
    }));
  return compile(build, sources, [...warnings, '-Ibuild', '-isystem', source]);
}

function link(build, source, name, files, images = false) {
  const objects = [...hostObjects(build, source), ...engineObjects(build, source)];
  const out = join('build', name);
  const sections = `build/${name}.S`;
  writeFileSync(sections, assembly(files, images));
  run(build.cc, [
    ...build.flags,
    '-o',
    out,
    ...(build.before ?? []),
    ...objects,
    sections,
    ...build.link,
  ]);
  return out;
}

/**
 * The memory of both engines once they are open, so that a start need not open them: written by
 * a binary that differs from the one to come in nothing but these images.
 */
function saveImages(build, source, files) {
  const seed = link(build, source, 'tandem-seed', files);
  const env = {
    TANDEM_SAVE_SUPERVISE: 'build/supervise.image',
    TANDEM_SAVE_COMMANDS: 'build/commands.image',
  };
  execFileSync(resolve(seed), [], { stdio: ['ignore', 'inherit', 'inherit'], env });
  return ['supervise', 'commands'].map((name) => {
    const image = readFileSync(`build/${name}.image`);
    cached(`build/${name}.image.lz4`, hash(lz4.toString(), image), () =>
      writeFileSync(`build/${name}.image.lz4`, lz4(image)),
    );
    return `${name} ${image.length} (${statSync(`build/${name}.image.lz4`).size})`;
  });
}

const from = performance.now();
mkdirSync('build', { recursive: true });
mkdirSync('.cache', { recursive: true });
const source = engineSource(root);
const compiler = bytecodeCompiler(source);
const sizes = [];
for (const [name, { entry, packed }] of Object.entries(sections)) {
  const size = await buildSection(compiler, name, entry);
  if (packed) pack(name, packed);
  sizes.push(`${name} ${size}${packed ? ` (${statSync(`build/${name}.${packed}`).size})` : ''}`);
}
const own = Object.fromEntries(Object.keys(sections).map((name) => [name, name]));
const forX64 = builds.release.name === 'tandem';
// An image is made by running the binary: only for the machine that builds.
const images = forX64 ? saveImages(builds.release, source, own) : [];
const binary = link(builds.release, source, builds.release.name, own, forX64);
if (forTests) {
  link(builds.asan, source, 'tandem-asan', own);
  link(builds.gc, source, 'tandem-gc', own);
  link(builds.debug, source, 'tandem-debug', own);
  await buildSection(compiler, 'faulty', 'test/faulty.ts');
  pack('faulty', 'lz4');
  link(builds.release, source, 'tandem-faulty', { ...own, supervise: 'faulty', reason: 'faulty' });
  link(builds.asan, source, 'tandem-faulty-asan', { ...own, supervise: 'faulty' });
}
const size = statSync(binary).size;
const took = ((performance.now() - from) / 1000).toFixed(1);
console.log(
  `${binary}: ${size} bytes; sections: ${sizes.join(', ')}; images: ${images.join(', ')}; ${took} s`,
);
if (size > sizeMax) {
  console.error(`cannot release ${binary}: ${size} bytes is more than ${sizeMax}`);
  process.exit(1);
}
