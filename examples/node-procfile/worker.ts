/** Does what waits, one at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import { open } from './database.ts';

const db = open();
let stopping = false;
process.on('SIGTERM', () => {
  stopping = true;
});
while (!stopping) {
  const [job] = await db.all('SELECT id, text, shout FROM shouts WHERE shout IS NULL LIMIT 1', []);
  if (job === undefined) await pause(50);
  else {
    await db.all('UPDATE shouts SET shout = ? WHERE id = ?', [job.text.toUpperCase(), job.id]);
    console.log(`job ${job.id} is done`);
  }
}
process.exit(0);
