import { type Kysely, sql } from 'kysely';

/**
 * `open` waits for an approval, `approved` for the call; `used` and `refused` are over, and `void` is an approval that counts no
 * more. What is over stays until it expires, so that its page can say so.
 */
export type HoldState = 'open' | 'approved' | 'used' | 'refused' | 'void';

/** A held call. Times in seconds since 1970, by the clock of the database. */
export interface HoldTable {
  /** Names it in addresses. It is no secret: only the caller and the approvers see the page. */
  id: string;
  /** The digest of everything that an approval is bound to. */
  call: string;
  /** Who asks: `person:` or `agent:` and the subject. */
  owner: string;
  username: string;
  /** The name to show, if that is another one. */
  shown_name: string | null;
  /** What the caller uses, as it calls itself; null for a browser. */
  client: string | null;
  server: string;
  tool: string;
  /** The hash of the approved definition of the tool; empty if none is known. */
  definition: string;
  /** Who may approve it, as the policy said when the call was last made: JSON. */
  approvers: string;
  /** The call's canonical text, encrypted; empty when the hold is over. */
  arguments: string;
  state: HoldState;
  asked_at: number;
  /** Until when it can be approved; of an approval, until when it is good. */
  expires_at: number;
  /** Who has answered, in which session: JSON; null until then. */
  answered: string | null;
  /** How the server lets the approved call go on: the digest of what it gave the client; null if it does not. */
  round: string | null;
  /** How often the call has gone on. */
  rounds: number;
}

/** Adds the table of held calls. */
export async function addHolds(db: Kysely<unknown>): Promise<void> {
  const texts = ['call', 'owner', 'username', 'server', 'tool', 'definition', 'approvers', 'arguments', 'state'];
  let table = db.schema.createTable('hold').addColumn('id', 'text', (c) => c.primaryKey());
  for (const name of texts) table = table.addColumn(name, 'text', (c) => c.notNull());
  for (const name of ['shown_name', 'client', 'answered', 'round']) table = table.addColumn(name, 'text');
  for (const name of ['asked_at', 'expires_at', 'rounds']) table = table.addColumn(name, 'integer', (c) => c.notNull());
  await table.execute();
  for (const column of ['call', 'owner', 'expires_at'])
    await db.schema.createIndex(`hold_${column}`).on('hold').column(column).execute();
  // One call has one hold, whatever two processes do at once.
  const waiting = db.schema.createIndex('hold_waiting').unique().on('hold').column('call');
  await waiting.where(sql<boolean>`state in ('open', 'approved', 'refused')`).execute();
}
