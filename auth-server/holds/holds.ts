import { randomBytes } from 'node:crypto';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import { type Database, databaseNow } from '../../common/database/database.ts';
import type { Approvers } from '../../policy/policy.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import { type Answered, callDigest, type HeldCall, hasApprovers } from './held-call.ts';
import type { HoldState, HoldTable } from './table.ts';

/** How long a call can be approved, how long an approval is good, and how long the server may let the call go on. In seconds. */
export const holdSeconds = { open: 600, approved: 300, used: 900 } as const;
/** Calls of one caller that may wait at a time. */
export const mostPerCaller = 20;
/** A server that asks more questions than this about one call does not end. */
const mostRounds = 20;
/** The number of the lock under which holds are made. */
const turn = 7_880;

export type HoldSchema = { hold: HoldTable };
export type HoldDatabase = Pick<Database<HoldSchema>, 'db' | 'kind' | 'alone'>;
export type HoldRow = Selectable<HoldTable>;

/** What becomes of a call that takes an approval. */
export type Outcome =
  /** It was approved, and the approval is used up; or it goes on with a call that was. */
  | { is: 'passed'; id: string; answered: Answered; isRound: boolean }
  | { is: 'waiting'; id: string; isNew: boolean }
  | { is: 'refused' | 'too many' | 'without approvers' };

export interface HoldsDeps {
  database: HoldDatabase;
  vault: Pick<TokenVault, 'lock'>;
  /** The groups of a person whose browser session stands; undefined if it has ended. */
  standing: (sid: string, subject: string) => Promise<readonly string[] | undefined>;
}

/** The gate's side of held calls. Every process of the auth-server has one, over the same database and by its clock. */
export class Holds {
  readonly #db: Kysely<HoldSchema>;
  readonly #now: RawBuilder<number>;
  readonly #deps: HoldsDeps;

  constructor(deps: HoldsDeps) {
    this.#deps = deps;
    this.#db = deps.database.db;
    this.#now = databaseNow(deps.database.kind);
  }

  /**
   * Lets a call pass if exactly this call is approved, and uses the approval up, on the condition that it is as it was found: of two
   * processes, one does. Otherwise keeps that the call waits.
   * @param approvers whom the policy names now
   */
  async pass(call: HeldCall, approvers: Approvers): Promise<Outcome> {
    const key = callDigest(call);
    const passed = (await this.#goOn(key, call.round, approvers)) ?? (await this.#use(key, approvers));
    if (passed) return passed;
    const waiting = await this.#waiting(this.#db, key);
    if (waiting?.state === 'refused') return { is: 'refused' };
    if (!hasApprovers(call, approvers)) return { is: 'without approvers' };
    if (!waiting) return await this.#ask(key, call, approvers);
    const named = JSON.stringify(approvers);
    if (waiting.approvers !== named)
      await this.#db.updateTable('hold').set({ approvers: named }).where('id', '=', waiting.id).execute();
    return { is: 'waiting', id: waiting.id, isNew: false };
  }

  /**
   * Lets an approved call go on once: its server has answered with a question.
   * @param round the digest of what the server gave the client
   * @returns whether it may
   */
  async expectRound({ id, owner, server }: Pick<HoldRow, 'id' | 'owner' | 'server'>, round: string): Promise<boolean> {
    const own = this.#db
      .updateTable('hold')
      .where('id', '=', id)
      .where('owner', '=', owner)
      .where('server', '=', server);
    const { numUpdatedRows } = await own
      .where('state', '=', 'used')
      .where('rounds', '<', mostRounds)
      .set({ round, rounds: sql`rounds + 1`, expires_at: this.#in(holdSeconds.used) })
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Deletes what has expired. */
  async prune(): Promise<void> {
    await this.#db.deleteFrom('hold').where('expires_at', '<=', this.#now).execute();
  }

  async #use(key: string, approvers: Approvers): Promise<Outcome | undefined> {
    const row = await this.#live(key).where('state', '=', 'approved').executeTakeFirst();
    if (!row) return undefined;
    const answered = await this.#counting(row, approvers);
    if (!answered) {
      await this.#change(row, { state: 'void', arguments: '' });
      return undefined;
    }
    const over = { state: 'used', arguments: '', expires_at: this.#in(holdSeconds.used) } as const;
    return (await this.#change(row, over)) ? { is: 'passed', id: row.id, answered, isRound: false } : undefined;
  }

  async #goOn(key: string, round: string | undefined, approvers: Approvers): Promise<Outcome | undefined> {
    if (round === undefined) return undefined;
    const row = await this.#live(key).where('state', '=', 'used').where('round', '=', round).executeTakeFirst();
    const answered = row && (await this.#counting(row, approvers));
    if (!answered || !(await this.#change(row, { round: null }))) return undefined;
    return { is: 'passed', id: row.id, answered, isRound: true };
  }

  /** Changes a row that is still as it was read, and has not expired meanwhile: of two processes, one does. */
  async #change(
    { id, state, answered, round }: HoldRow,
    change: { state?: HoldState; arguments?: string; round?: null; expires_at?: RawBuilder<number> },
  ): Promise<boolean> {
    const same = this.#db.updateTable('hold').where('id', '=', id).where('state', '=', state);
    const still = round === null ? same.where('round', 'is', null) : same.where('round', '=', round);
    const { numUpdatedRows } = await still
      .where('answered', '=', answered)
      .where('expires_at', '>', this.#now)
      .set(change)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** The answer of a row, if it still counts: the policy names the same approvers, and the approver is still one of them. */
  async #counting({ owner, answered: text }: HoldRow, { person, groups }: Approvers): Promise<Answered | undefined> {
    const answered = JSON.parse(text ?? 'null') as Answered | null;
    if (!answered) return undefined;
    const { subject, sid, group } = answered;
    const isOwner = owner === `person:${subject}`;
    const isNamed = group === null ? person && isOwner : groups.includes(group) && !isOwner;
    const own = isNamed ? await this.#deps.standing(sid, subject) : undefined;
    return own && (group === null || own.includes(group)) ? answered : undefined;
  }

  async #ask(key: string, call: HeldCall, approvers: Approvers): Promise<Outcome> {
    const { owner, username, shownName, client, server, tool, definition = '', text } = call;
    // Before the lock: a caller who asks for ever more must not make the others wait for it.
    if (await this.#isFull(this.#db, owner)) return { is: 'too many' };
    const locked = await this.#deps.vault.lock(text);
    const about = { owner, username, shown_name: shownName ?? null, client: client ?? null, server, tool, definition };
    const nothing = { state: 'open', answered: null, round: null, rounds: 0 } as const;
    return await this.#db.transaction().execute(async (transaction): Promise<Outcome> => {
      await this.#deps.database.alone(transaction, turn);
      await transaction.deleteFrom('hold').where('expires_at', '<=', this.#now).execute();
      const other = await this.#waiting(transaction, key);
      if (other) return { is: 'waiting', id: other.id, isNew: false };
      if (await this.#isFull(transaction, owner)) return { is: 'too many' };
      const id = randomBytes(16).toString('base64url');
      const times = { asked_at: this.#now, expires_at: this.#in(holdSeconds.open) };
      const row = { id, call: key, ...about, approvers: JSON.stringify(approvers), arguments: locked, ...nothing };
      await transaction
        .insertInto('hold')
        .values({ ...row, ...times })
        .execute();
      return { is: 'waiting', id, isNew: true };
    });
  }

  async #isFull(db: Pick<Kysely<HoldSchema>, 'selectFrom'>, owner: string): Promise<boolean> {
    const own = db.selectFrom('hold').where('owner', '=', owner).where('state', 'in', ['open', 'approved']);
    const waiting = own.where('expires_at', '>', this.#now).select((e) => e.fn.countAll().as('count'));
    return Number((await waiting.executeTakeFirstOrThrow()).count) >= mostPerCaller;
  }

  #live(key: string, db: Pick<Kysely<HoldSchema>, 'selectFrom'> = this.#db) {
    return db.selectFrom('hold').selectAll().where('call', '=', key).where('expires_at', '>', this.#now);
  }

  #waiting(db: Pick<Kysely<HoldSchema>, 'selectFrom'>, key: string): Promise<HoldRow | undefined> {
    return this.#live(key, db).where('state', 'in', ['open', 'approved', 'refused']).executeTakeFirst();
  }

  #in(seconds: number): RawBuilder<number> {
    return sql<number>`${this.#now} + cast(${seconds} as integer)`;
  }
}
