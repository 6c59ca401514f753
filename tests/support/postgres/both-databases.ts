import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyDatabase, newDatabase } from './databases.ts';

/** Where a test can open a store: a path or a URL. */
export interface Places {
  /** A place without rows. A test has only one. */
  empty(): Promise<string>;
  /** A place without tables, for tests about their making or with a second place. */
  fresh(): Promise<string>;
}

/**
 * Both kinds of database, for `describe.each`. The SQLite files are removed after the tests of the file.
 * @param path of the store within its own folder: a file, or a folder
 */
export function bothDatabases(path: string): [kind: string, places: Places][] {
  const home = mkdtempSync(join(tmpdir(), 'databases-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const file = async () => join(mkdtempSync(join(home, 'sqlite-')), path);
  return [
    ['SQLite', { empty: file, fresh: file }],
    ['PostgreSQL', { empty: emptyDatabase, fresh: newDatabase }],
  ];
}
