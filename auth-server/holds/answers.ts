import { type RawBuilder, sql } from 'kysely';
import { databaseNow } from '../../common/database/database.ts';
import type { Approvers } from '../../policy/policy.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import { type Answered, callDigest, type Hold, isOwn, rightToAnswer, type Viewer } from './held-call.ts';
import { type HoldDatabase, type HoldRow, holdSeconds } from './holds.ts';

export type HoldAnswers = ReturnType<typeof createHoldAnswers>;

/** Of those that one person sees. */
const mostListed = 1_000;
/** Different approvers, as the rules name them. */
const mostApprovers = 500;
/** What a list needs: the arguments of many calls would be large. */
const listed = [
  ...(['id', 'owner', 'username', 'shown_name', 'client', 'server', 'tool', 'definition', 'approvers'] as const),
  ...(['state', 'asked_at', 'expires_at', 'answered'] as const),
];

/** The people's side of held calls: what waits for whom, and their answers. */
export function createHoldAnswers({ db, kind }: HoldDatabase, vault: Pick<TokenVault, 'unlock'>) {
  const now = databaseNow(kind);
  const live = () => db.selectFrom('hold').selectAll().where('expires_at', '>', now);
  const find = async (id: string, viewer: Viewer): Promise<HoldRow | undefined> => {
    const row = await live().where('id', '=', id).executeTakeFirst();
    return row && maySee(holdOf(row), viewer) ? row : undefined;
  };
  /** @returns whether the hold was still in one of these states */
  const answer = async (
    { id }: Pick<Hold, 'id'>,
    from: readonly HoldRow['state'][],
    change: { state: 'approved' | 'refused'; answered: Answered; arguments?: ''; expires_at?: RawBuilder<number> },
  ): Promise<boolean> => {
    const one = db.updateTable('hold').where('id', '=', id).where('state', 'in', from).where('expires_at', '>', now);
    const { numUpdatedRows } = await one
      .set({ ...change, answered: JSON.stringify(change.answered) })
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  };
  return {
    /** A held call that this person may see. @returns undefined also if it has expired, or never was */
    async find(id: string, viewer: Viewer): Promise<Hold | undefined> {
      const row = await find(id, viewer);
      return row && holdOf(row);
    },
    /**
     * The call's canonical text.
     * @returns undefined if it is over, `SECRET_KEY` has changed since, or it is not the text of this call
     */
    async textOf(id: string, viewer: Viewer): Promise<string | undefined> {
      const row = await find(id, viewer);
      if (!row?.arguments) return undefined;
      const text = await vault.unlock(row.arguments).catch(() => undefined);
      if (text === undefined) return undefined;
      const { owner, server, tool, definition } = row;
      return callDigest({ ...holdOf(row), owner, server, tool, definition, text }) === row.call ? text : undefined;
    },
    /** The calls that wait and that this person may see, oldest first; `mayAnswer`: whether they may approve it. */
    async waiting(viewer: Viewer): Promise<(Hold & { mayAnswer: boolean })[]> {
      const open = db.selectFrom('hold').where('state', '=', 'open').where('expires_at', '>', now);
      const named = await open.select('approvers').distinct().orderBy('approvers').execute();
      // Before the limit: calls of strangers, however many wait, must not hide those of this person.
      const theirs = named.map(({ approvers }) => approvers).filter((text) => isAmong(JSON.parse(text), viewer));
      const rows = open
        .where(({ or, eb }) =>
          or([
            eb('owner', '=', `person:${viewer.subject}`),
            ...(theirs.length > 0 ? [eb('approvers', 'in', theirs.slice(0, mostApprovers))] : []),
          ]),
        )
        .select(listed)
        .orderBy('asked_at')
        .orderBy('id')
        .limit(mostListed);
      const seen = (await rows.execute()).map(holdOf).filter((hold) => maySee(hold, viewer));
      return seen.map((hold) => ({ ...hold, mayAnswer: rightToAnswer(hold, viewer) !== undefined }));
    },
    /** Approves a call that waits. The approval is good from now. @returns whether it still waited */
    approve: (hold: Pick<Hold, 'id'>, answered: Answered): Promise<boolean> =>
      answer(hold, ['open'], {
        state: 'approved',
        answered,
        expires_at: sql<number>`${now} + cast(${holdSeconds.approved} as integer)`,
      }),
    /** Refuses a call that waits, or takes an approval back. @returns whether there was still something to refuse */
    refuse: (hold: Pick<Hold, 'id'>, answered: Answered): Promise<boolean> =>
      answer(hold, ['open', 'approved'], { state: 'refused', answered, arguments: '' }),
  };
}

function maySee(hold: Hold, viewer: Viewer): boolean {
  return isOwn(hold, viewer) || rightToAnswer(hold, viewer) !== undefined;
}

function isAmong({ groups }: Approvers, viewer: Viewer): boolean {
  return groups.some((group) => viewer.groups.includes(group));
}

function holdOf(row: Pick<HoldRow, (typeof listed)[number]>): Hold {
  const { id, owner, username, server, tool, state } = row;
  return {
    ...{ id, owner, username, server, tool, state },
    shownName: row.shown_name ?? undefined,
    client: row.client ?? undefined,
    definition: row.definition || undefined,
    approvers: JSON.parse(row.approvers) as Approvers,
    askedAt: row.asked_at,
    expiresAt: row.expires_at,
    answered: row.answered === null ? undefined : (JSON.parse(row.answered) as Answered),
  };
}
