// Bundles the embedded front into one file: build/front/tandem-front.mjs, with its package.json.
//
//     node tools/front.mjs
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import * as esbuild from 'esbuild';

process.chdir(resolve(import.meta.dirname, '..'));
mkdirSync('build/front', { recursive: true });
await esbuild.build({
  entryPoints: ['front/src/main.ts'],
  outfile: 'build/front/tandem-front.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'eof',
  minifySyntax: true,
  // Libraries in the older module format ask for Node's own modules through `require`.
  banner: {
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as tandemRequire } from 'node:module';",
      'const require = tandemRequire(import.meta.url);',
    ].join('\n'),
  },
});
chmodSync('build/front/tandem-front.mjs', 0o755);
copyFileSync('front/package.json', 'build/front/package.json');
