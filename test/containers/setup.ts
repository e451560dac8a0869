/** After the last test of containers: nothing of this machine stays mounted. */
import { existsSync } from 'node:fs';
import { cleanUp, store, unmount } from '../../tools/containers.mjs';

export function teardown(): void {
  cleanUp();
  if (existsSync(store)) unmount();
}
