import { type Generated, type Kysely, sql } from 'kysely';
import { addSerialId, type SchemaChanges } from '../../common/database/migrations.ts';
import { databaseIn, openDatabase } from '../../common/database/open.ts';
import type { Decision, DecisionPage, DecisionsQuery } from '../../common/policy/decisions.ts';
import { interval } from '../../common/time/interval.ts';
import { perPrincipal } from '../identity/per-principal.ts';
import type { DecisionEntry, WrittenDecision } from './decision-log.ts';
import { compareIds, pageOf, type StoredDecision } from './recent-query.ts';

/** The latest decisions of all auth-servers that share a database. */
export type RecentDecisions = Awaited<ReturnType<typeof openRecentDecisions>>;

interface Schema {
  decision_batch: { id: Generated<number>; count: number; decisions: string };
}

interface RecentOptions {
  /** How many decisions are kept, of all processes together. */
  capacity?: number;
  flushMilliseconds?: number;
  onFailure?: (error: unknown) => void;
}

/** PostgreSQL's sequence numbers can commit out of order. Re-read this many rows before the last one seen. */
const lookBack = 1_000;
/** A larger batch would delay requests: SQLite writes on this thread. */
const batchSize = 250;

/**
 * Opens the record. Each process collects decisions in memory and writes them once a second, or 250 at a time, as one
 * row, so that no decision waits for the database. Every process reads the decisions of all.
 * @param where a folder for `decisions.db`, or `postgres://…`. Not the auth-server's own SQLite file: each write there
 *   makes other processes drop the sessions that they have in memory
 */
export async function openRecentDecisions(where: string, options: RecentOptions = {}) {
  const { capacity = 10_000, flushMilliseconds = 1_000, onFailure = () => undefined } = options;
  const place = databaseIn(where, 'decisions.db');
  const { kind, db, close } = await openDatabase<Schema>(place, changes, 'decisions', onFailure);
  // Decisions lost in a power failure are still in the log. Waiting for the disk each second would delay every request.
  if (kind === 'sqlite') await sql`pragma synchronous = normal`.execute(db);

  /** Decisions as JSON, ready to be written. */
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
  // One at a time: a reader waits for everything that was added before, including a write in progress.
  const flush = (): Promise<void> => {
    const mine = (writing ?? Promise.resolve()).catch(() => undefined).then(write);
    writing = mine;
    const done = () => {
      if (writing === mine) writing = undefined;
    };
    mine.then(done, done);
    return mine;
  };
  const readAll = createReader(db, capacity);
  const timer = interval(flushMilliseconds, flush, onFailure);
  return {
    /** Adds a decision, which is stored within a second. No I/O. Allowed page views of the registry are not added. */
    add({ line, message }: Omit<WrittenDecision, 'fields'>, { error, request, principal }: DecisionEntry) {
      const isPageView =
        request?.target.resource === 'registry' && (request.method === 'GET' || request.method === 'HEAD');
      if (isPageView && !error) return;
      const denial = message === undefined ? '' : `,"message":${JSON.stringify(message)}`;
      waiting.push(`{"at":${Date.now()},"said":{"line":${line}${denial}}${principal ? rightsOf(principal) : ''}}`);
      // While the database cannot be written, only the timer retries, and reports the failure.
      if (waiting.length >= batchSize && !writing && !isFailing) flush().catch(() => undefined);
      if (waiting.length >= 2 * capacity) waiting = waiting.slice(-capacity);
    },
    /**
     * Returns the decisions that match the query, newest first.
     * @param may whether the reader may see a decision
     * @throws what the database threw
     */
    async read(query: DecisionsQuery, may: (decision: Decision) => boolean): Promise<DecisionPage> {
      await flush();
      return pageOf(await readAll(), query, may);
    },
    async close() {
      clearInterval(timer);
      await flush().catch(onFailure);
      await close();
    },
  };
}

/** A principal's rights as JSON members, built once for each principal. */
const rightsOf = perPrincipal(
  ({ groups, scopes }) => `,"groups":${JSON.stringify(groups)},"scopes":${JSON.stringify(scopes)}`,
);

/** Reads the decisions in the database, newest first. What was read before comes from memory. */
function createReader(db: Kysely<Schema>, capacity: number): () => Promise<readonly StoredDecision[]> {
  let sorted: StoredDecision[] = [];
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

async function readBatches(db: Kysely<Schema>, ids: readonly number[]): Promise<StoredDecision[]> {
  const stored: StoredDecision[] = [];
  for (let start = 0; start < ids.length; start += 500) {
    const some = ids.slice(start, start + 500);
    const rows = await db.selectFrom('decision_batch').select(['id', 'decisions']).where('id', 'in', some).execute();
    for (const { id, decisions } of rows)
      for (const [index, each] of JSON.parse(decisions).entries()) stored.push({ ...each, batch: id, index });
  }
  return stored;
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
