import { hash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { openSqlite } from '../../../common/database/sqlite.ts';
import type { KnownCaller } from '../record.ts';
import type { AuditDatabase } from '../store/database.ts';

interface OlderSchema {
  decision_batch: { id: number; count: number; decisions: string };
}

/** A decision as releases before 0.3.0 have stored it. */
interface OlderDecision {
  at: number;
  said: { line: Record<string, unknown>; message?: string };
  groups?: readonly string[];
  scopes?: readonly string[];
}

/** The record of decisions of older releases. It is only read. */
export interface OlderRecord {
  /** The batches that it has now. */
  batches(): Promise<{ id: number; count: number }[]>;
  /** The records of a batch; undefined if it has been removed. */
  read(id: number): Promise<{ texts: string[]; callers: KnownCaller[] } | undefined>;
  close(): Promise<void>;
}

/** Opens the record of older releases: `decisions.db`, or a table in PostgreSQL. @returns undefined if there is none */
export async function openOlderRecord(database: AuditDatabase, where: string): Promise<OlderRecord | undefined> {
  const opened = await openTables(database, where);
  if (!opened) return undefined;
  const { db, close } = opened;
  return {
    batches: () => db.selectFrom('decision_batch').select(['id', 'count']).orderBy('id').execute(),
    async read(id) {
      const batch = db.selectFrom('decision_batch').select('decisions').where('id', '=', id);
      const row = await batch.executeTakeFirst();
      return row && recordsOf(JSON.parse(row.decisions));
    },
    close,
  };
}

async function openTables({ kind, main }: AuditDatabase, where: string) {
  if (kind === 'postgres') {
    const { rows } = await sql<{ name: string | null }>`select to_regclass('decision_batch')::text as name`.execute(
      main,
    );
    const isThere = rows[0]?.name != null;
    return isThere ? { db: main as unknown as Kysely<OlderSchema>, close: async () => undefined } : undefined;
  }
  const path = join(where, 'decisions.db');
  if (!existsSync(path)) return undefined;
  const { db, close } = openSqlite<OlderSchema>(path);
  const table = await sql`select 1 from sqlite_master where type = 'table' and name = 'decision_batch'`.execute(db);
  if (table.rows.length > 0) return { db, close };
  await close();
  return undefined;
}

function recordsOf(decisions: readonly OlderDecision[]) {
  const callers = new Map<string, KnownCaller>();
  const callerOf = ({ said: { line }, groups, scopes }: OlderDecision): string | undefined => {
    if (!groups || !scopes) return undefined;
    const key = JSON.stringify([line.subject, groups, scopes]);
    const text = JSON.stringify({ salt: randomBytes(16).toString('base64url'), groups, scopes });
    const caller = callers.get(key) ?? { digest: hash('sha256', text, 'base64url'), text };
    callers.set(key, caller);
    return caller.digest;
  };
  const texts = decisions.map((decision) => {
    const { at, said } = decision;
    return JSON.stringify({ at, ...said.line, message: said.message, caller: callerOf(decision) });
  });
  return { texts, callers: [...callers.values()] };
}
