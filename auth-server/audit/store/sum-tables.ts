import { type CreateTableBuilder, type Generated, type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { addSerialId } from '../../../common/database/migrations.ts';

/** What a sum is for. A sum holds the number of the word for each; 0 stands for an empty text. */
export const dimensions = ['server', 'person', 'kind', 'client', 'method', 'object', 'outcome', 'rule'] as const;

export type Dimension = (typeof dimensions)[number];

/** Buckets that times are counted in. */
export const bucketCount = 24;

/** Columns of the buckets. An empty bucket is null, which takes no room in PostgreSQL. */
export const bucketColumns = Array.from({ length: bucketCount }, (_, index) => `b${index}`);

/** Columns of the buckets by name; kysely knows nothing of them. */
export type Buckets = Record<`b${number}`, number | null>;

type SumTable = Record<Dimension, number> & {
  /** 1 for an hour, 24 for a day (UTC): a day is the sum of its hours, and 90 of them are read in time. */
  hours: number;
  /** Hours since 1970. */
  at: number;
  calls: number;
  measured: number;
  errors: number;
  /** The time of the last call in seconds since 1970. */
  last: number;
};

/** The tables of the sums. */
export type SumTables = {
  audit_sum: SumTable;
  /** Texts of sums by number. Erasing a person changes one row here. */
  audit_word: { id: Generated<number>; kind: string; text: string };
  /** What the job that makes the sums remembers: state.ts. */
  audit_sum_state: { name: string; value: string };
};

/** Creates the tables of the sums. */
export async function createSums(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  await addSerialId(db.schema.createTable('audit_word'), kind)
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .addUniqueConstraint('audit_word_text', ['kind', 'text'])
    .execute();
  await db.schema
    .createTable('audit_sum_state')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  let sums: CreateTableBuilder<'audit_sum', string> = db.schema.createTable('audit_sum');
  for (const name of ['hours', 'at', ...dimensions, 'calls', 'measured', 'errors', 'last'])
    sums = sums.addColumn(name, 'integer', (c) => c.notNull());
  for (const name of bucketColumns) sums = sums.addColumn(name, 'integer');
  sums = sums.addPrimaryKeyConstraint('audit_sum_key', ['hours', 'at', ...dimensions]);
  await (kind === 'sqlite' ? sums.modifyEnd(sql`without rowid`) : sums).execute();
}
