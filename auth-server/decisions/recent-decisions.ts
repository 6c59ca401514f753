import { type Generated, type Kysely, sql } from 'kysely';
import { addSerialId, type SchemaChanges } from '../../common/database/migrations.ts';
import { databaseIn, openDatabase } from '../../common/database/open.ts';
import type { Decision, DecisionPage, DecisionsQuery } from '../../common/policy/decisions.ts';
import { interval } from '../../common/time/interval.ts';
import { perPrincipal } from '../identity/per-principal.ts';
import type { AuditEntry, Said } from './decision-log.ts';
import { compareIds, type Noted, pageOf } from './recent-query.ts';

/** The last decisions of all auth-servers that share a database. */
export interface RecentDecisions {
  /** Notes a decision; it is kept within a second. No I/O. Page views of the registry, which decide nothing, are not noted. */
  note(said: Said, entry: AuditEntry): void;
  /**
   * Those that fit, the newest first.
   * @param may whether the asker may see a decision
   * @throws what the database threw
   */
  read(query: DecisionsQuery, may: (decision: Decision) => boolean): Promise<DecisionPage>;
  close(): Promise<void>;
}

interface Schema {
  decision_batch: { id: Generated<number>; count: number; decisions: string };
}

export interface RecentOptions {
  /** How many are kept, of all processes together. */
  capacity?: number;
  flushMilliseconds?: number;
  onFailure?: (error: unknown) => void;
}

/** Of numbers that PostgreSQL gives out, a smaller one may become visible later: so far one looks back. */
const lookBack = 1_000;
/** More at once would hold up whoever asks meanwhile: SQLite writes on this thread. */
const batchSize = 250;

/**
 * Opens the record. Each process gathers its decisions in memory and writes them once a second, or 250 at a time, as one row:
 * the decision itself waits for nothing, and whoever asks any of the processes gets those of all.
 * @param where a folder for `decisions.db`, or `postgres://…`. Not the auth-server's own SQLite file: each write there makes
 *   other processes forget the sessions that they have in memory
 */
export async function openRecentDecisions(where: string, options: RecentOptions = {}): Promise<RecentDecisions> {
  const { capacity = 10_000, flushMilliseconds = 1_000, onFailure = () => undefined } = options;
  const place = databaseIn(where, 'decisions.db');
  const { kind, db, close } = await openDatabase<Schema>(place, changes, 'decisions', onFailure);
  // What is lost when the power fails stands in the log; waiting for the disk each second would cost every request.
  if (kind === 'sqlite') await sql`pragma synchronous = normal`.execute(db);

  /** Each a decision as JSON, ready to be written. */
  let waiting: string[] = [];
  let sinceTrim = capacity;
  let isFailing = false;
  const write = async () => {
    if (waiting.length === 0) return;
    const batch = waiting.slice(-capacity);
    waiting = [];
    try {
      await db
        .insertInto('decision_batch')
        .values({ count: batch.length, decisions: `[${batch.join(',')}]` })
        .execute();
    } catch (error) {
      waiting = [...batch, ...waiting].slice(-capacity);
      isFailing = true;
      throw error;
    }
    isFailing = false;
    sinceTrim += batch.length;
    if (sinceTrim < capacity / 10) return;
    sinceTrim = 0;
    await trim(db, capacity);
  };
  let writing: Promise<void> | undefined;
  // One after the other: who reads wants all that was noted before, what is being written too.
  const flush = (): Promise<void> => {
    const mine = (writing ?? Promise.resolve()).catch(() => undefined).then(write);
    writing = mine;
    const done = () => {
      if (writing === mine) writing = undefined;
    };
    mine.then(done, done);
    return mine;
  };
  const known = createKnown(db, capacity);
  const timer = interval(flushMilliseconds, flush, onFailure);
  return {
    note({ line, message }, { error, request, principal }) {
      const isLook = request?.target.resource === 'registry' && (request.method === 'GET' || request.method === 'HEAD');
      if (isLook && !error) return;
      const told = message === undefined ? '' : `,"message":${JSON.stringify(message)}`;
      waiting.push(`{"at":${Date.now()},"said":{"line":${line}${told}}${principal ? powersOf(principal) : ''}}`);
      // A database that cannot be written is tried again by the timer, which tells of it.
      if (waiting.length >= batchSize && !writing && !isFailing) flush().catch(() => undefined);
      if (waiting.length >= 2 * capacity) waiting = waiting.slice(-capacity);
    },
    async read(query, may) {
      await flush();
      return pageOf(await known(), query, may);
    },
    async close() {
      clearInterval(timer);
      await flush().catch(onFailure);
      await close();
    },
  };
}

/** What somebody may, the same for all requests of theirs. */
const powersOf = perPrincipal(
  ({ groups, scopes }) => `,"groups":${JSON.stringify(groups)},"scopes":${JSON.stringify(scopes)}`,
);

/** The decisions in the database, the newest first. What was read once is kept in memory, for those who look again and again. */
function createKnown(db: Kysely<Schema>, capacity: number): () => Promise<readonly Noted[]> {
  let sorted: Noted[] = [];
  const seen = new Set<number>();
  let last = 0;
  return async () => {
    const rows = db.selectFrom('decision_batch').select(['id', 'count']).orderBy('id', 'desc');
    const found = await rows.where('id', '>', last - lookBack).execute();
    const missing: number[] = [];
    let count = 0;
    for (const row of found) {
      if (count >= capacity) break;
      count += row.count;
      if (!seen.has(row.id)) missing.push(row.id);
    }
    if (missing.length === 0) return sorted;
    const read = await readBatches(db, missing);
    for (const id of missing) seen.add(id);
    last = Math.max(last, ...missing);
    for (const id of seen) if (id <= last - lookBack) seen.delete(id);
    sorted = [...read, ...sorted].sort(compareIds).slice(0, capacity);
    return sorted;
  };
}

async function readBatches(db: Kysely<Schema>, ids: readonly number[]): Promise<Noted[]> {
  const noted: Noted[] = [];
  for (let start = 0; start < ids.length; start += 500) {
    const some = ids.slice(start, start + 500);
    const rows = await db.selectFrom('decision_batch').select(['id', 'decisions']).where('id', 'in', some).execute();
    for (const { id, decisions } of rows)
      for (const [index, each] of JSON.parse(decisions).entries()) noted.push({ ...each, batch: id, index });
  }
  return noted;
}

async function trim(db: Kysely<Schema>, capacity: number): Promise<void> {
  const rows = await db.selectFrom('decision_batch').select(['id', 'count']).orderBy('id', 'desc').execute();
  let count = 0;
  for (const { id, count: more } of rows) {
    if (count >= capacity) {
      await db.deleteFrom('decision_batch').where('id', '<=', id).execute();
      return;
    }
    count += more;
  }
}

const changes: SchemaChanges = {
  '001-batches': (db, kind) =>
    addSerialId(db.schema.createTable('decision_batch'), kind)
      .addColumn('count', 'integer', (c) => c.notNull())
      .addColumn('decisions', 'text', (c) => c.notNull())
      .execute(),
};
