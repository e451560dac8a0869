// Builds build/tandem: engine objects (cached), sections of bytecode, host, one static link.
//
//     node tools/build.mjs            the binary
//     node tools/build.mjs --sanitize build/tandem-asan as well: address and undefined sanitizers
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';
import { engineSource, engineVersion } from './engine.mjs';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);
const sanitize = process.argv.includes('--sanitize');
const sizeMax = 1_000_000;

const sections = {
  supervise: 'policy/core/supervise.ts',
  commands: 'policy/cli/commands.ts',
  configure: 'policy/cli/configure.ts',
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

async function buildSections(compiler) {
  const sizes = {};
  let assembly = '\t.section .rodata\n';
  let header = '/* Made by tools/build.mjs. */\n#include <stddef.h>\n#include <stdint.h>\n';
  for (const [name, entry] of Object.entries(sections)) {
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
      metafile: true,
    });
    writeFileSync(`build/${name}.meta.json`, JSON.stringify(result.metafile));
    const text = result.outputFiles[0].contents;
    cached(`build/${name}.qbc`, hash(compiler, text), () => {
      writeFileSync(`build/${name}.js`, text);
      run(compiler, [`build/${name}.js`, `build/${name}.qbc`]);
    });
    sizes[name] = statSync(`build/${name}.qbc`).size;
    assembly +=
      `\t.global section_${name}\n\t.balign 16\nsection_${name}:\n` +
      `\t.incbin "build/${name}.qbc"\n`;
    header +=
      `extern const uint8_t section_${name}[];\n` +
      `enum { section_${name}_size = ${sizes[name]} };\n`;
  }
  writeFileSync('build/sections.S', `${assembly}\t.section .note.GNU-stack,"",@progbits\n`);
  if (!existsSync('build/sections.h') || readFileSync('build/sections.h', 'utf8') !== header)
    writeFileSync('build/sections.h', header);
  return sizes;
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
      key: hash(
        build.cc,
        ...build.flags,
        ...headers,
        readFileSync(join('host', f)),
        f === 'main.c' ? readFileSync('build/sections.h') : '',
      ),
    }));
  return compile(build, sources, [...warnings, '-Ibuild', '-isystem', source]);
}

function link(build, source) {
  const objects = [...hostObjects(build, source), ...engineObjects(build, source)];
  const out = join('build', build.name);
  run(build.cc, [...build.flags, '-o', out, ...objects, 'build/sections.S', ...build.link]);
  return out;
}

const from = performance.now();
mkdirSync('build', { recursive: true });
mkdirSync('.cache', { recursive: true });
const source = engineSource(root);
const sizes = await buildSections(bytecodeCompiler(source));
const binary = link(builds.release, source);
if (sanitize) link(builds.asan, source);
const size = statSync(binary).size;
console.log(
  `${binary}: ${size} bytes; sections: ${Object.entries(sizes)
    .map(([name, bytes]) => `${name} ${bytes}`)
    .join(', ')}; ` + `${((performance.now() - from) / 1000).toFixed(1)} s`,
);
if (size > sizeMax) {
  console.error(`cannot release ${binary}: ${size} bytes is more than ${sizeMax}`);
  process.exit(1);
}
