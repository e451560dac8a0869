/**
 * Properties draw the same cases in each `npm test`, so that one commit has one verdict;
 * `npm run test:long` draws new ones and prints its seed (TANDEM_SEED repeats it).
 */
import fc from 'fast-check';
import { afterEach } from 'vitest';

fc.configureGlobal({ seed: Number(process.env['TANDEM_SEED'] ?? 20261125) });

// A file of long tests that never wait would not let its worker answer for minutes.
afterEach(() => new Promise<void>((next) => setImmediate(next)));
