import { createRequire } from 'node:module';

/** What this example uses of the `sqlite3` package. */
export type Row = { readonly id: number; readonly text: string; readonly shout: string | null };
export type Database = {
  readonly all: (sql: string, values: readonly unknown[]) => Promise<readonly Row[]>;
};

export function open(): Database {
  // Debian's node-sqlite3 is CommonJS, outside of any node_modules.
  const { Database: Sqlite } = createRequire(import.meta.url)('sqlite3');
  const db = new Sqlite(process.env.DATABASE ?? '/tmp/shouts.db');
  db.configure('busyTimeout', 5000);
  return {
    all: (sql, values) =>
      new Promise((done, fail) => {
        db.all(sql, values, (error: Error | null, rows: readonly Row[]) => {
          if (error === null) done(rows);
          else fail(error);
        });
      }),
  };
}
