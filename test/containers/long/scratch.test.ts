/**
 * Goal: the binary needs nothing: an image of it and one program, and one with musl and a shell
 * of busybox, as Alpine has them.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd, runtimes, scratch } from '../../../tools/containers.mjs';
import { firstAnswer, image, longMs, said, under, up } from '../support.ts';

const source = 'test/containers/long/serve.c';
const musl = '/lib/x86_64-linux-musl/libc.so';

/** Two servers and their order; the second is the public one. */
function folder(dockerfile: string, compile: readonly string[], shell: boolean): string {
  const dir = scratch();
  execFileSync('musl-gcc', ['-Os', ...compile, '-o', join(dir, 'serve'), source]);
  if (existsSync(musl)) copyFileSync(musl, join(dir, 'ld-musl-x86_64.so.1'));
  const command = shell ? 'test -x /bin/sh && exec /serve\n    shell: true' : '/serve';
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:\n  back:\n    command: ${command}\n    port: 8081\n` +
      '  front-door:\n    command: /serve\n    port: ${PORT:-8080}\n    depends_on: [back]\n',
  );
  writeFileSync(join(dir, 'Dockerfile'), dockerfile);
  return dir;
}

const alone = await image(
  folder(
    'FROM scratch\nCOPY --from=tandem /tandem /tandem\nCOPY serve tandem.yaml /\n' +
      'WORKDIR /\nENTRYPOINT ["/tandem"]\n',
    ['-static'],
    false,
  ),
  'tandem-test-scratch',
);

const alpine = existsSync(musl)
  ? await image(
      folder(
        'FROM debian:bookworm-slim AS busybox\n' +
          'RUN apt-get update && apt-get install -y --no-install-recommends busybox-static\n' +
          'RUN mkdir -p /tree/bin /tree/lib /tree/tmp && cp /bin/busybox /tree/bin/ && ' +
          'for one in sh ls cat test sleep; do ln -s busybox /tree/bin/$one; done\n' +
          'FROM scratch\nCOPY --from=busybox /tree /\nCOPY ld-musl-x86_64.so.1 /lib/\n' +
          'COPY --from=tandem /tandem /usr/bin/tandem\nCOPY serve tandem.yaml /\n' +
          'ENV PATH=/usr/bin:/bin\nWORKDIR /\nUSER 1000\nENTRYPOINT ["tandem"]\n',
        [],
        true,
      ),
      'tandem-test-alpine',
    )
  : { why: 'no musl to copy' };

for (const runtime of runtimes) {
  await under(runtime, alone, (tag) => {
    for (const user of ['0', '4321'])
      test(
        `FROM scratch, as ${user}: serves, and stops with 0`,
        async () => {
          const container = await up(tag, { runtime, user, plain: true, readOnly: true });
          await firstAnswer(container, '/');
          await container.stop();
          expect((await container.ended).code).toBe(0);
          expect(said(container)).toContain('all ended well');
        },
        longMs,
      );

    test(
      'FROM scratch, `docker run IMAGE version`',
      async () => {
        const ran = await runToEnd(tag, { runtime, args: ['version'] });
        expect(ran.code).toBe(0);
        expect(ran.out).toMatch(/^tandem \d/);
      },
      longMs,
    );
  });

  await under(runtime, alpine, (tag) => {
    test(
      'musl and busybox: a shell of theirs, a program linked with musl',
      async () => {
        const container = await up(tag, { runtime });
        await firstAnswer(container, '/');
        await container.stop();
        expect((await container.ended).code).toBe(0);
        const ran = await runToEnd(tag, { runtime, args: ['sh', '-c', 'ls /lib; exit 5'] });
        expect(ran).toMatchObject({ code: 5, out: 'ld-musl-x86_64.so.1\n' });
      },
      longMs,
    );
  });
}
