/**
 * Goal: the configurations that the pages of the front show are good ones.
 * Method: the first block of each page, beside the files that it names, through `tandem check`.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, folder, run } from './binary.ts';

afterEach(cleanUp);

const script = '#!/bin/sh\n';
const there = existsSync('/usr/sbin/nginx');

test.each([
  ['front.md', ['app', 'api'], ['dist/assets']],
  ['espv2.md', ['api', 'start_proxy.py'], []],
] as const)('the first configuration of docs/%s passes the check', async (page, programs, dirs) => {
  if (page === 'front.md' && !there) return;
  const dir = folder();
  // nginx's workers are another user.
  chmodSync(dir, 0o755);
  for (const name of programs) writeFileSync(join(dir, name), script, { mode: 0o755 });
  for (const name of dirs) mkdirSync(join(dir, name), { recursive: true });
  const block = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join('docs', page), 'utf8'))?.[1] ?? '';
  const text = block.replace(/\/(srv|apiproxy)\/(api|start_proxy\.py)/g, `${dir}/$2`);
  writeFileSync(join(dir, 'tandem.yaml'), text);
  const end = await run(['check', '-f', join(dir, 'tandem.yaml')], {
    cwd: dir,
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
  });
  expect([end.code, end.err]).toEqual([0, '']);
});
