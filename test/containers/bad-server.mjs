// Listens on PORT, answers, and ends at a TERM with requests in flight.
import { createServer } from 'node:http';

process.on('SIGTERM', () => process.exit(143));
console.log('plain text');
createServer((request, response) => {
  setTimeout(() => response.end('ok\n'), request.url.startsWith('/slow') ? 2000 : 0);
}).listen(Number(process.env.PORT), '0.0.0.0');
