import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditDatabase } from '../../../auth-server/audit/store/database.ts';
import { openCountStore } from '../../../auth-server/limits/count-store.ts';
import { openOAuthStore } from '../../../auth-server/oauth/store/store.ts';
import { openStore } from '../../../auth-server/store/store.ts';

let files: Promise<ReadonlyMap<string, Buffer>> | undefined;

/** Writes the auth-server's SQLite files without any rows: making the tables costs a test as much as all that it does with them. */
export async function writeEmptyDatabases(folder: string): Promise<void> {
  files ??= makeDatabases();
  for (const [name, bytes] of await files) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
}

async function makeDatabases(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = mkdtempSync(join(tmpdir(), 'auth-server-'));
  for (const open of [openStore, openAuditDatabase, openOAuthStore, openCountStore]) await (await open(folder)).close();
  const made = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  rmSync(folder, { recursive: true });
  return made;
}
