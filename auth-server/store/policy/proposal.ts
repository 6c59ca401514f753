import { type Database, databaseNow } from '../../../common/database/database.ts';
import {
  mostProposals,
  type PolicyEditor,
  type PolicyProposal,
  type PolicyVersion,
} from '../../../common/doors/versions.ts';
import type { Schema } from '../migrations.ts';
import { insertVersion, type NewVersion } from './version.ts';

/** A change that is to wait for a second editor. */
export type NewProposal = Omit<PolicyProposal, 'id' | 'at'>;

/** What came of confirming a proposal. */
export type Confirmed = PolicyVersion | 'gone' | 'conflict';

export type PolicyProposalStore = ReturnType<typeof createPolicyProposalStore>;

/** Changes of the policy that wait for a second editor. Each is settled once: its row goes in the transaction that settles it. */
export function createPolicyProposalStore({ kind, db }: Pick<Database<Schema>, 'kind' | 'db'>) {
  const now = databaseNow(kind);
  return {
    /** @returns undefined if as many wait as may */
    async add({ base, by, why, source, text, ...judged }: NewProposal): Promise<PolicyProposal | undefined> {
      const row = {
        base,
        at: now,
        by_sub: by.sub,
        by_name: by.name,
        why,
        source,
        text,
        judged: JSON.stringify(judged),
      };
      return await db.transaction().execute(async (transaction) => {
        const added = await transaction
          .insertInto('policy_proposal')
          .values(row)
          .returningAll()
          .executeTakeFirstOrThrow();
        // After the insert: in PostgreSQL two that are added at once may both be one too many, and never one too few.
        const { count } = await transaction
          .selectFrom('policy_proposal')
          .select(({ fn }) => fn.countAll<string | number>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) <= mostProposals) return toProposal(added);
        await transaction.deleteFrom('policy_proposal').where('id', '=', added.id).execute();
        return undefined;
      });
    },
    /** All that wait, the newest first. */
    async list(): Promise<PolicyProposal[]> {
      const rows = db.selectFrom('policy_proposal').selectAll().orderBy('id', 'desc').limit(mostProposals);
      return (await rows.execute()).map(toProposal);
    },
    async get(id: number): Promise<PolicyProposal | undefined> {
      const row = await db.selectFrom('policy_proposal').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toProposal(row);
    },
    /** @returns whether it was there */
    async withdraw(id: number): Promise<boolean> {
      const { numDeletedRows } = await db.deleteFrom('policy_proposal').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0;
    },
    /** Makes a proposal a version. It stays if another change came first. */
    async confirm(id: number, version: string, confirmedBy: PolicyEditor): Promise<Confirmed> {
      return await db.transaction().execute(async (transaction) => {
        const taken = transaction.deleteFrom('policy_proposal').where('id', '=', id);
        const row = await taken.returningAll().executeTakeFirst();
        if (!row) return 'gone';
        const { base: parent, by, why, source, text } = toProposal(row);
        const added: NewVersion = { version, parent, by, why, source, text, confirmedBy };
        const made = await insertVersion(transaction, now, added);
        if (made) return made;
        await transaction.insertInto('policy_proposal').values(row).execute();
        return 'conflict';
      });
    },
  };
}

type Row = Omit<Schema['policy_proposal'], 'id'> & { id: number };

function toProposal({ id, base, at, by_sub, by_name, why, source, text, judged }: Row): PolicyProposal {
  return {
    ...{ id, base, at: new Date(at * 1000).toISOString(), by: { sub: by_sub, name: by_name }, why, text },
    source: source as PolicyProposal['source'],
    ...(JSON.parse(judged) as Pick<PolicyProposal, 'reasons' | 'differences' | 'more'>),
  };
}
