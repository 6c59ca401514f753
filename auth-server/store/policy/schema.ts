import type { Generated, Kysely } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { addSerialId } from '../../../common/database/migrations.ts';

/** The tables of the policy's versions. Times in seconds since 1970 by the clock of the database. */
export interface PolicySchema {
  /** `number` counts from 1 without a gap; the highest is in force. */
  policy_version: {
    number: number;
    version: string;
    parent: number | null;
    at: number;
    by_sub: string;
    by_name: string;
    why: string;
    source: string;
    confirmed_sub: string | null;
    confirmed_name: string | null;
    text: string;
  };
  /** Changes that wait for a second editor. `judged` is JSON. */
  policy_proposal: {
    id: Generated<number>;
    base: number;
    at: number;
    by_sub: string;
    by_name: string;
    why: string;
    source: string;
    judged: string;
    text: string;
  };
  /** One row: the version of the policy file that someone has taken or dismissed. */
  policy_file: { id: number; version: string };
}

/** Makes the tables. */
export async function policyVersions(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  await db.schema
    .createTable('policy_version')
    .addColumn('number', 'integer', (c) => c.primaryKey())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('parent', 'integer')
    .addColumn('at', 'integer', (c) => c.notNull())
    .addColumn('by_sub', 'text', (c) => c.notNull())
    .addColumn('by_name', 'text', (c) => c.notNull())
    .addColumn('why', 'text', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('confirmed_sub', 'text')
    .addColumn('confirmed_name', 'text')
    .addColumn('text', 'text', (c) => c.notNull())
    .execute();
  await addSerialId(db.schema.createTable('policy_proposal'), kind)
    .addColumn('base', 'integer', (c) => c.notNull())
    .addColumn('at', 'integer', (c) => c.notNull())
    .addColumn('by_sub', 'text', (c) => c.notNull())
    .addColumn('by_name', 'text', (c) => c.notNull())
    .addColumn('why', 'text', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('judged', 'text', (c) => c.notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('policy_file')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('version', 'text', (c) => c.notNull())
    .execute();
}
