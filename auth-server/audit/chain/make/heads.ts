import type { Kysely, Selectable } from 'kysely';
import type { AuditDatabase } from '../../store/database.ts';
import { dayAfter, dayMilliseconds, minuteMilliseconds } from '../../store/days.ts';
import { importWriter, type MainSchema } from '../../store/schema.ts';
import type { HeadEntry } from '../statement.ts';
import { inGroups, mostInStatement, type SigningTurn, type Statements } from './statements.ts';

type WriterRow = Selectable<MainSchema['audit_writer']>;

/** A process that has not been heard of for so long has ended, even if it did not say so. */
const silentMilliseconds = 2 * dayMilliseconds;

/**
 * Signs where the chains of all processes stand that have written since the last head. Several processes may call it at once:
 * one signs.
 * @param minutes since the last head before there is another one; 0 signs at once
 */
export async function signHead(database: AuditDatabase, statements: Statements, minutes: number): Promise<void> {
  const isDue = async (on: Kysely<MainSchema>) => {
    const last = on.selectFrom('audit_statement').select('at').where('kind', '=', 'head');
    const head = await last.orderBy('seq', 'desc').limit(1).executeTakeFirst();
    // A clock that was ahead must not delay the next one.
    return { head, due: !head || Math.abs(Date.now() - head.at) >= minutes * minuteMilliseconds };
  };
  // Without the lock first: in most minutes nothing is due.
  if (!(await isDue(database.main)).due) return;
  await statements.sign(async (turn) => {
    const { head, due } = await isDue(turn.on);
    if (due) await signWriters(database, turn, head?.at);
  });
}

async function signWriters(database: AuditDatabase, { on, add }: SigningTurn, lastHead: number | undefined) {
  const silent = Date.now() - silentMilliseconds;
  const writers = await on
    .selectFrom('audit_writer')
    .selectAll()
    .where((is) => is.or([is('signed_end', '=', 0), is.and([is('ended_at', 'is', null), is('seen_at', '>', silent)])]))
    .orderBy('id')
    .execute();
  const entries: HeadEntry[] = [];
  for (const writer of writers) {
    const { id, name, signed, seen_at, ended_at } = writer;
    // Records that were taken over from an older release may be of any day.
    const isKnown = signed > 0 && id !== importWriter;
    const last = await lastOf(database, on, writer, isKnown ? lastHead : undefined);
    const finished = ended_at !== null;
    const signed_end = finished || seen_at < silent ? 1 : 0;
    const number = last?.number ?? signed;
    if (number !== signed || signed_end !== writer.signed_end)
      await on.updateTable('audit_writer').set({ signed: number, signed_end }).where('id', '=', id).execute();
    // Not only if it is larger: who writes the database could set the noted one so high that no head names the writer again.
    if (last && (number !== signed || finished))
      entries.push({ name, number, link: Buffer.from(last.link).toString('base64url'), finished });
  }
  for (const writers of inGroups(entries, mostInStatement)) await add({ kind: 'head', writers });
}

/**
 * The last record of a writer.
 * @param since a time before which it is known; a day earlier is searched too: while the database was away, records waited
 */
async function lastOf(
  { kind, days, day }: AuditDatabase,
  on: Kysely<MainSchema>,
  { id }: WriterRow,
  since: number | undefined,
) {
  const first = since === undefined ? '' : dayAfter(since, -1);
  const all = kind === 'postgres' ? [first] : (await days()).filter((each) => each >= first);
  let last: { number: number; link: Uint8Array } | undefined;
  for (const each of all) {
    // In PostgreSQL all days are one table, and the lock's connection has it too.
    const db = kind === 'postgres' ? (on as unknown as ReturnType<typeof day>) : day(each);
    const rows = db.selectFrom('decision').select(['number', 'link']).where('writer', '=', id);
    const row = await rows.orderBy('number', 'desc').limit(1).executeTakeFirst();
    if (row && row.number > (last?.number ?? 0)) last = row;
  }
  return last;
}
