import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from './postgres.ts';

/**
 * Starts PostgreSQL before the tests of a file, and removes it and the SQLite files after them.
 * @returns `kinds` for `describe.each`: the name of each database, and a function that returns the place of a new one
 */
export function useBothDatabases() {
  const home = mkdtempSync(join(tmpdir(), 'databases-'));
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 180_000);
  afterAll(async () => {
    await postgres?.remove();
    rmSync(home, { recursive: true, force: true });
  });
  const kinds: [string, () => Promise<string>][] = [
    ['SQLite', async () => join(mkdtempSync(join(home, 'sqlite-')), 'data', 'gateway.db')],
    ['PostgreSQL', () => postgres.newDatabase()],
  ];
  return { home, kinds, postgres: () => postgres };
}
