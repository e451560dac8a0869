// Bundles the embedded front into one file: build/front/tandem-front.mjs, with its package.json.
//
//     node tools/front.mjs
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';

const root = resolve(import.meta.dirname, '..');

/** The bundle as `folder/tandem-front.mjs`; what went into it. */
export async function bundleFront(folder) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'tandem-front.mjs');
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['front/src/main.ts'],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    legalComments: 'none',
    minifySyntax: true,
    metafile: true,
    // Libraries in the older module format ask for Node's own modules through `require`.
    banner: {
      js: [
        '#!/usr/bin/env node',
        "import { createRequire as tandemRequire } from 'node:module';",
        'const require = tandemRequire(import.meta.url);',
      ].join('\n'),
    },
  });
  chmodSync(file, 0o755);
  return metafile;
}

if (process.argv[1] === import.meta.filename) {
  const folder = join(root, 'build/front');
  await bundleFront(folder);
  copyFileSync(join(root, 'front/package.json'), join(folder, 'package.json'));
}
