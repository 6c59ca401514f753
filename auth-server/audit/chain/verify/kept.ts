import { type Statement, type StatementReader, statementDigest } from '../statement.ts';
import type { Faults } from './fault.ts';

/** Statements that were kept elsewhere, such as in a log store that the gateway's operator cannot change. */
export interface KeptStatements {
  /** How many different ones there are. */
  count: number;
  /** Compares a stored statement with the kept one of the same number. */
  match(seq: number, digest: string): 'same' | 'differs' | 'not kept';
  /** Those that were not matched, or differ. */
  unmatched(): Iterable<Statement>;
}

/** A compact JWS alone on its line, or as the field `jws` of a line of the log, whatever stands before the line's JSON. */
const alone = /^\s*([\w-]+\.[\w-]+\.[\w-]+)\s*$/;
const logged = /"jws":"([\w-]+\.[\w-]+\.[\w-]+)"/;

/**
 * Reads statements that were kept elsewhere. Lines without one are skipped.
 * @param lines of the log, or one compact JWS each
 */
export async function readKept(
  lines: AsyncIterable<string>,
  read: StatementReader,
  faults: Faults,
): Promise<KeptStatements> {
  const kept = new Map<number, { statement: Statement; digest: string }>();
  let line = 0;
  for await (const text of lines) {
    line++;
    const jws = (alone.exec(text) ?? logged.exec(text))?.[1];
    if (jws === undefined) continue;
    const statement = await read(jws);
    const digest = statementDigest(jws);
    if (typeof statement === 'string') {
      const why = statement === 'unknown key' ? 'signed by a key that is not one of this gateway' : statement;
      faults.add({ code: 'statement_unsigned', text: `Line ${line} of the kept statements: ${why}.` });
      continue;
    }
    const { seq, at } = statement;
    const before = kept.get(seq);
    if (before && before.digest !== digest)
      faults.add({
        code: 'statement_differs',
        text: `Two different statements ${seq} were kept elsewhere: the gateway was restored from a backup, or told two stories.`,
        statement: seq,
        at,
      });
    else kept.set(seq, { statement, digest });
  }
  return {
    count: kept.size,
    match(seq, digest) {
      const found = kept.get(seq);
      if (!found) return 'not kept';
      if (found.digest !== digest) return 'differs';
      kept.delete(seq);
      return 'same';
    },
    *unmatched() {
      for (const { statement } of kept.values()) yield statement;
    },
  };
}
