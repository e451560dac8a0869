/** What the tests of real containers share: where they can run, and how an image is asked. */
import { afterAll, describe } from 'vitest';
import {
  build,
  type Container,
  type Runtime,
  type Start,
  start,
  tandemImage,
  unavailable,
} from '../../tools/containers.mjs';
import { until } from '../binary.ts';
import { type Answer, type Ask, ask } from '../http.ts';

/** A start in a sandbox, on two cores that build something else meanwhile. */
export const longMs = 90_000;

/** The build could not fetch what it installs: the machine's lack, and not the Dockerfile's. */
const offline = /Temporary failure|Could not resolve|Failed to fetch|Unable to fetch|EAI_AGAIN/;

/**
 * Builds `dir`/Dockerfile with the image `tandem` to copy from. A reason where it cannot be built
 * here; a Dockerfile that is wrong throws.
 */
export async function image(dir: string, tag?: string): Promise<{ tag: string } | { why: string }> {
  const why = await unavailable();
  if (why !== null) return { why };
  try {
    await tandemImage();
    return { tag: await build(dir, tag === undefined ? {} : { tag }) };
  } catch (error) {
    const said = error instanceof Error ? error.message : `${error}`;
    if (offline.test(said)) return { why: 'no packages can be fetched here' };
    throw error;
  }
}

/** `describe` under a runtime, skipped with the reason where it or the image isn't to be had. */
export async function under(
  runtime: Runtime,
  made: { tag: string } | { why: string },
  tests: (tag: string) => void,
): Promise<void> {
  const why = 'why' in made ? made.why : await unavailable(runtime);
  const tag = 'tag' in made ? made.tag : '';
  const title = why === null ? `under ${runtime}` : `under ${runtime} (skipped: ${why})`;
  describe.skipIf(why !== null)(title, () => {
    afterAll(removeAll);
    tests(tag);
  });
}

const containers = new Set<Container>();

export async function up(tag: string, options: Start): Promise<Container> {
  const container = await start(tag, options);
  containers.add(container);
  return container;
}

export async function removeAll(): Promise<void> {
  const all = [...containers];
  containers.clear();
  await Promise.all(all.map((container) => container.remove()));
}

export const said = (container: Container): string => container.out() + container.err();

export async function says(container: Container, what: string): Promise<void> {
  await until(
    `"${what}"`,
    () => said(container).includes(what),
    () => said(container),
    longMs,
  );
}

export function get(
  container: Container,
  path: string,
  options: Ask = {},
  port = 8080,
): Promise<Answer> {
  return ask(port, path, { host: container.address, ...options });
}

/** A name for how a request ended: the status, or the network's word. */
export const word = (answer: Answer): string =>
  answer.type === 'answer' ? `${answer.status}` : answer.why;

/** Asks in a loop until `path` gives 200; everything that was seen before it. */
export async function firstAnswer(
  container: Container,
  path: string,
  port = 8080,
): Promise<readonly string[]> {
  const seen: string[] = [];
  const giveUp = performance.now() + longMs;
  while (performance.now() < giveUp) {
    const how = word(await get(container, path, {}, port));
    if (how === '200') return seen;
    seen.push(how);
    await new Promise((next) => setTimeout(next, 5));
  }
  throw new Error(`no answer from ${path}: ${seen.slice(-3)}\n${said(container)}`);
}

/**
 * Sends `count` slow requests, and comes back when the front has read them all: a later and
 * shorter one has been answered. Their answers are for later.
 */
export async function inFlight(
  container: Container,
  count: number,
  slowMs: number,
  port = 8080,
): Promise<readonly Promise<Answer>[]> {
  let sent = 0;
  const onSent = (): void => {
    sent += 1;
  };
  const path = `/slow?ms=${slowMs}`;
  const answers = Array.from({ length: count }, () => get(container, path, { onSent }, port));
  await until('the requests to leave', () => sent === count);
  await get(container, '/slow?ms=200', {}, port);
  return answers;
}
