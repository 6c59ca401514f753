import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Kysely } from 'kysely';
import { eventText } from '../event.ts';
import type { AuditDatabase } from '../store/database.ts';
import { createNames } from '../store/names.ts';
import { importWriter, type MainSchema, turns } from '../store/schema.ts';
import type { WriterIdentity } from '../write/identity.ts';
import { createWriter } from '../write/writer.ts';
import { type OlderRecord, openOlderRecord } from './older-record.ts';

/**
 * Takes over what the record of older releases has, also while old processes still write there. Several processes may do so at
 * once: each batch is taken over once. Nothing there is changed. What is taken over is a chain of its own, which proves nothing
 * about the time before.
 * @param where as for `openAuditDatabase`
 */
export function createImport(database: AuditDatabase, where: string): () => Promise<void> {
  return async () => {
    const older = await openOlderRecord(database, where);
    if (!older) return;
    try {
      const batches = await older.batches();
      if (!(await hasNews(database, batches))) return;
      await database.alone(turns.import, (on) => claim(on, batches));
      await database.alone(turns.import, (on) => write(database, on, older));
    } finally {
      await older.close();
    }
  };
}

type Batches = readonly { id: number; count: number }[];

/** Whether there is a batch without a claim, or a claim that was not fulfilled when its process ended. */
async function hasNews({ main }: AuditDatabase, batches: Batches): Promise<boolean> {
  const claims = await main.selectFrom('audit_import').select(['batch', 'written']).execute();
  const known = new Set(claims.map(({ batch }) => batch));
  return batches.some(({ id }) => !known.has(id)) || claims.some(({ written }) => written === 0);
}

/** Gives each new batch its numbers before it is written: after a crash the same batch gets the same numbers. */
async function claim(on: Kysely<MainSchema>, batches: Batches): Promise<void> {
  const claims = await on.selectFrom('audit_import').select(['batch', 'first', 'count']).execute();
  const known = new Set(claims.map(({ batch }) => batch));
  let next = Math.max(1, ...claims.map(({ first, count }) => first + count));
  for (const { id, count } of batches) {
    if (known.has(id)) continue;
    await on.insertInto('audit_import').values({ batch: id, first: next, count, written: 0 }).execute();
    next += count;
  }
}

async function write(database: AuditDatabase, on: Kysely<MainSchema>, older: OlderRecord): Promise<void> {
  const claims = on.selectFrom('audit_import').selectAll().where('written', '=', 0).orderBy('first');
  const names = createNames({ kind: database.kind, main: on });
  const writer = createWriter(database, await identityIn(on), names);
  for (const { batch, first, count } of await claims.execute()) {
    const found = await older.read(batch);
    // An old process has removed it meanwhile.
    const texts = found?.texts ?? Array.from({ length: count }, () => eventText('audit/lost', {}, { count: 1 }));
    await writer.write({ from: first, texts: texts.join('\n'), callers: found?.callers ?? [] });
    await on.updateTable('audit_import').set({ written: 1 }).where('batch', '=', batch).execute();
  }
}

/** The one writer of all that is taken over. Its records may be of any day. */
async function identityIn(on: Kysely<MainSchema>): Promise<WriterIdentity> {
  const now = Date.now();
  const writer = { id: importWriter, host: hostname(), pid: 0, started_at: now, seen_at: now, ended_at: null };
  await on
    .insertInto('audit_writer')
    .values({ ...writer, name: randomBytes(16).toString('hex') })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: now }))
    .execute();
  const found = on.selectFrom('audit_writer').selectAll().where('id', '=', importWriter);
  const { id, name, host, pid } = await found.executeTakeFirstOrThrow();
  return { id, name, host, pid, startedAt: 0 };
}
