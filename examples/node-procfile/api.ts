/** POST /TEXT takes a job, GET / shows what has become of all. */
import { createServer } from 'node:http';
import { open } from './database.ts';

const db = open();
// Without the table this fails, and with it the container.
await db.all('SELECT id, text, shout FROM shouts LIMIT 1', []);

const server = createServer(async (request, response) => {
  const rows =
    request.method === 'POST'
      ? await db.all('INSERT INTO shouts (text) VALUES (?) RETURNING id, text, shout', [
          decodeURIComponent(request.url?.slice(1) ?? ''),
        ])
      : await db.all('SELECT id, text, shout FROM shouts ORDER BY id', []);
  response.setHeader('Content-Type', 'application/json');
  response.end(`${JSON.stringify(rows)}\n`);
});
server.listen(Number(process.env.PORT));
// Answers what has been asked, then there is nothing left to do and Node ends.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
