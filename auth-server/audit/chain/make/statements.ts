import type { Kysely } from 'kysely';
import type { AuditDatabase } from '../../store/database.ts';
import { type MainSchema, turns } from '../../store/schema.ts';
import { type Statement, type StatementBody, signStatement, statementDigest } from '../statement.ts';
import { createSigner } from './signer.ts';

/** A statement that was signed and stored. */
export interface MadeStatement {
  statement: Statement;
  jws: string;
}

/** What a turn of signing works with: it has the lock, and nothing else may use the database's main tables. */
export interface SigningTurn {
  on: Kysely<MainSchema>;
  /** Signs and stores the next statement. */
  add(body: StatementBody): Promise<void>;
}

export type Statements = ReturnType<typeof createStatements>;

/**
 * Signs statements, one process at a time, each chained to the one before.
 * @param publicUrl the gateway's address
 * @param made called for each statement once it is stored: it also goes where the database cannot change it
 */
export function createStatements(database: AuditDatabase, publicUrl: string, made: (one: MadeStatement) => void) {
  const signer = createSigner(database);
  return {
    signer,
    /** Calls `work` when it is this process's turn; what it has signed is stored together, or not at all. */
    async sign<T>(work: (turn: SigningTurn) => Promise<T>): Promise<T> {
      // Before the lock: making the first key takes another one.
      const key = await signer.current();
      const signed: MadeStatement[] = [];
      const result = await database.alone(turns.heads, async (on) => {
        const last = on.selectFrom('audit_statement').select(['seq', 'jws']).orderBy('seq', 'desc').limit(1);
        const add = async (body: StatementBody) => {
          const before = await last.executeTakeFirst();
          const seq = (before?.seq ?? 0) + 1;
          const at = Date.now();
          const prev = before ? statementDigest(before.jws) : null;
          const statement = { ...body, iss: publicUrl, seq, prev, at } as Statement;
          const jws = await signStatement(statement, key);
          const row = { seq, kind: body.kind, at, jws, digest: statementDigest(jws) };
          await on.insertInto('audit_statement').values(row).execute();
          signed.push({ statement, jws });
        };
        return await work({ on, add });
      });
      for (const each of signed) made(each);
      return result;
    },
  };
}

/** So that a statement fits into a line of the log (containerd cuts lines at 16 kB). */
export const mostInStatement = 60;

/** @returns the values in groups of `most` */
export function inGroups<T>(values: readonly T[], most: number): T[][] {
  const groups: T[][] = [];
  for (let start = 0; start < values.length; start += most) groups.push(values.slice(start, start + most));
  return groups;
}
