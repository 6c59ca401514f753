import type { Kysely } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { databaseIn, openDatabase } from '../../../common/database/open.ts';
import { changes } from './changes.ts';
import { createDayFiles } from './day/files.ts';
import { createDayPartitions } from './day/partitions.ts';
import type { Days } from './days.ts';
import type { Alone, MainSchema } from './schema.ts';

/** The audit's tables: those of each day, and those beside them. */
export interface AuditDatabase extends Days {
  kind: DatabaseKind;
  main: Kysely<MainSchema>;
  alone: Alone;
  close(): Promise<void>;
}

/**
 * Opens the audit's tables and brings them up to date.
 * @param where a folder for `audit.db` and the files of the days, or `postgres://…`
 * @param onFailure receives the error of an idle connection that broke
 * @throws what the database threw; nothing stays open then
 */
export async function openAuditDatabase(
  where: string,
  onFailure: (error: unknown) => void = () => undefined,
): Promise<AuditDatabase> {
  const database = await openDatabase<MainSchema>(databaseIn(where, 'audit.db'), changes, 'audit', onFailure);
  const { kind, db: main } = database;
  const alone: Alone = (turn, work) =>
    main.transaction().execute(async (transaction) => {
      await database.alone(transaction, turn);
      return await work(transaction);
    });
  const days = kind === 'sqlite' ? createDayFiles(where) : createDayPartitions(main, alone);
  return {
    kind,
    main,
    alone,
    ...days,
    async close() {
      await days.close();
      await database.close();
    },
  };
}
