/**
 * Goal: a request goes where the model says, whichever engine is the front.
 * Method: one table of request targets, sent byte for byte to each engine before the same app.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { absent, type Door, engines } from './engines.ts';
import { get, type Raw } from './raw.ts';
import { routeCases } from './routes.table.ts';
import { openShop, type Shop } from './shop.ts';

function outcome(got: Raw): string {
  const route = got.headers.get('content-type') === 'application/json';
  if (got.status === 200 && route) {
    const asked = JSON.parse(got.body);
    return `${asked.route} ${asked.url}`;
  }
  const to = got.headers.get('location');
  if (to !== undefined) return `${got.status} ${to}`;
  // What an engine says of a mistake is its own.
  const own = got.status >= 400 && !/^(docs|tea)/.test(got.body);
  return own ? `${got.status}` : `${got.status} ${got.body}`;
}

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

for (const { name, missing } of absent) test.skip(`the tables on ${name}: ${missing}`, () => {});

for (const engine of engines)
  describe.skipIf(engine.missing !== null)(
    `${engine.name}${engine.missing === null ? '' : `: ${engine.missing}`}`,
    () => {
      let door: Door;
      beforeAll(async () => {
        door = await engine.open(await shop.plan());
      });
      afterAll(() => door?.close());

      test.each(routeCases)('%s', async (target, wanted) => {
        expect(outcome(await get(door.port, target))).toBe(wanted);
      });
    },
  );
