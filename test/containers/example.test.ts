/**
 * Goal: the example's Dockerfile is what a person would run, on the runtimes they would run it on.
 * Method: built with buildah, run with podman under runc and gVisor, asked over a network.
 */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { podman, runToEnd, runtimes } from '../../tools/containers.mjs';
import { firstAnswer, get, image, inFlight, longMs, said, under, up, word } from './support.ts';

const made = await image(resolve('examples/nginx-flask'), 'nginx-flask');

for (const runtime of runtimes)
  await under(runtime, made, (tag) => {
    test('its first answer is a 200, and a stop cuts no request and ends with 0', async () => {
      const container = await up(tag, { runtime, plain: true });
      const seen = await firstAnswer(container, '/health');
      expect(new Set(seen)).toEqual(new Set(['refused']));
      const page = await get(container, '/');
      expect(page.type === 'answer' && page.body).toContain('<h1>Two on one frame</h1>');
      expect(await get(container, '/static/style.css')).toMatchObject({ status: 200 });
      const answers = await inFlight(container, 20, 2000);
      const stopped = container.stop();
      expect((await Promise.all(answers)).map(word)).toEqual(answers.map(() => '200'));
      expect((await container.ended).code).toBe(0);
      await stopped;
      expect(said(container)).toMatch(/stopped on SIGTERM in .*: all ended well; exit code 0/);
    }, 200_000);

    test('a uid that nobody has, a root that is read-only, a PORT of the platform’s', async () => {
      const container = await up(tag, {
        runtime,
        plain: true,
        user: '123456:0',
        readOnly: true,
        tmpfs: ['/tmp'],
        env: { PORT: '9000' },
      });
      await firstAnswer(container, '/health', 9000);
      expect(word(await get(container, '/static/tandem.svg', {}, 9000))).toBe('200');
      await container.stop();
      expect((await container.ended).code).toBe(0);
    }, 200_000);

    test(
      'docker run IMAGE COMMAND runs that command, with its code',
      async () => {
        const ran = await runToEnd(tag, { runtime, args: ['sh', '-c', 'echo $PWD; exit 7'] });
        expect(ran).toMatchObject({ code: 7, out: '/srv\n' });
      },
      longMs,
    );
  });

await under('runc', made, (tag) => {
  test(
    'its HEALTHCHECK answers as the app does',
    async () => {
      const format = '{{json .HealthCheck.Test}} {{.Config.StopSignal}} {{.Config.User}}';
      const { out } = await podman('image', 'inspect', '--format', format, tag);
      const check = ['CMD', 'tandem', 'probe', 'http://127.0.0.1:8080/health'];
      expect(out.trim()).toBe(`${JSON.stringify(check)} SIGTERM 10001:10001`);
      const container = await up(tag, { runtime: 'runc' });
      await firstAnswer(container, '/health');
      const health = await container.exec(...check.slice(1));
      expect(health.code).toBe(0);
      const broken = await container.exec('tandem', 'probe', 'http://127.0.0.1:8080/nothing');
      expect(broken.code).toBe(1);
    },
    longMs,
  );
});
