/** Compose's healthcheck. */
import type { Tree } from '../config/tree.ts';
import {
  entriesOf,
  find,
  localHosts,
  type Service,
  tell,
  textOf,
  textsOf,
  valueIn,
} from './compose-read.ts';
import type { Value } from './draft.ts';

const healthKeys = ['test', 'interval', 'timeout', 'retries', 'start_period', 'disable'];

export function readHealth(service: Service, tree: Tree): void {
  const health: Record<string, Value> = {};
  for (const { key, value } of entriesOf(tree)) {
    if (key.text === 'start_interval')
      tell(
        service,
        key,
        'healthcheck.start_interval',
        'better',
        'until it is ready it is asked every few milliseconds, easing off to 250 ms',
      );
    else if (!healthKeys.includes(key.text))
      tell(service, key, `healthcheck.${key.text}`, 'unknown', 'not in the reference');
    else if (value.type === 'list')
      health[key.text] = textsOf(value).map((text) =>
        localHosts(service, value, 'healthcheck', valueIn(service, value, 'healthcheck', text)),
      );
    else
      health[key.text] =
        key.text === 'disable'
          ? textOf(value) === 'true'
          : valueIn(service, value, 'healthcheck', textOf(value) ?? '');
  }
  service.process.keys['healthcheck'] = health;
  tell(service, tree, 'healthcheck', 'carried');
}

/**
 * The healthcheck that `tandem export compose` writes for readiness, by its port: there it is the
 * only word for ready, here the port is enough.
 */
export function readOwnReady(service: Service): boolean {
  const health = entriesOf(find(service.entries, 'healthcheck'));
  const [command, tandem, probe, what = '', ...more] = textsOf(find(health, 'test'));
  const own = command === 'CMD' && tandem === 'tandem' && probe === 'probe' && more.length === 0;
  const port = /^tcp:(\d{1,5})$/.exec(what)?.[1];
  const variables = service.process.keys['environment'];
  if (!own || port === undefined || textOf(find(health, 'retries')) !== '240') return false;
  if (typeof variables !== 'object' || !('PORT' in variables)) return false;
  const { PORT, ...rest } = variables as { readonly [key: string]: Value };
  if (PORT !== port) return false;
  const { keys } = service.process;
  keys['port'] = Number(port);
  delete keys['healthcheck'];
  delete keys['environment'];
  if (Object.keys(rest).length > 0) keys['environment'] = rest;
  return true;
}
