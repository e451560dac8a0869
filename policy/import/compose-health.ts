/** Compose's healthcheck. */
import type { Tree } from '../config/tree.ts';
import {
  entriesOf,
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
