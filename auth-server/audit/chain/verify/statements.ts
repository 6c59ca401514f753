import {
  type DroppedRange,
  type ErasedEntry,
  type HeadEntry,
  type Statement,
  type StatementFault,
  type StatementReader,
  statementDigest,
} from '../statement.ts';
import type { Fault, Faults } from './fault.ts';
import type { KeptStatements } from './kept.ts';

/** A row of `audit_statement`. */
export interface StoredStatement {
  seq: number;
  kind: string;
  at: number;
  jws: string;
  digest: string;
}

/** What the statements say about the records of one writer. */
export interface SignedWriter {
  heads: (Pick<HeadEntry, 'number' | 'link'> & { statement: number; at: number })[];
  dropped: DroppedRange[];
  erased: ErasedEntry[];
  /** The number of its last record, if it has taken leave. */
  finished: number | undefined;
}

/** What all statements say. */
export interface Signed {
  writers: Map<string, SignedWriter>;
  statements: number;
  last: Pick<Statement, 'seq' | 'at'> | undefined;
  days: Set<string>;
  /** The digests of callers that were erased. */
  callers: Set<string>;
}

const reasons: Record<StatementFault, string> = {
  'unknown key': 'is signed by a key that is not one of this gateway',
  'wrong signature': 'was changed: its signature is wrong',
  'not a statement': 'was changed: it cannot be read',
};

/**
 * Checks that the statements are complete, signed, in order, and those that were kept elsewhere; and gathers what they say.
 * Statements that fail are not believed.
 * @param stored by number
 */
export async function readStatements(
  stored: AsyncIterable<StoredStatement>,
  kept: KeptStatements,
  read: StatementReader,
  faults: Faults,
): Promise<Signed> {
  const signed: Signed = { writers: new Map(), statements: 0, last: undefined, days: new Set(), callers: new Set() };
  let next = 1;
  let before: string | null | undefined = null;
  for await (const row of stored) {
    signed.statements++;
    const { seq, at } = row;
    if (seq > next) {
      faults.add({ ...missing(next, seq - 1), at });
      before = undefined;
    }
    const found = await read(row.jws);
    const wrong: Fault | undefined = faultOf(row, found, before) ?? differsFrom(kept, row);
    if (wrong) faults.add({ ...wrong, statement: seq, at });
    // One that is signed is believed, whatever stands before it.
    if (typeof found === 'object' && wrong?.code !== 'statement_differs') take(signed, found);
    // What follows a changed statement names the one that was there before.
    before = wrong?.code === 'statement_changed' ? undefined : statementDigest(row.jws);
    next = Math.max(next, seq + 1);
  }
  for (const statement of kept.unmatched()) {
    const { seq, at } = statement;
    if (seq >= next) faults.add({ ...missing(seq, seq), text: `${missing(seq, seq).text} It was kept elsewhere.`, at });
    take(signed, statement);
  }
  for (const { heads, dropped } of signed.writers.values()) {
    heads.sort((a, b) => a.number - b.number);
    dropped.sort((a, b) => a.from - b.from);
  }
  return signed;
}

function missing(from: number, to: number): Fault {
  const which = from === to ? `Statement ${from} is` : `Statements ${from} to ${to} are`;
  return { code: 'statement_missing', text: `${which} missing.`, statement: from };
}

/** @param before the digest of the statement before; undefined if that is missing or changed */
function faultOf(
  { seq, kind, at, jws, digest }: StoredStatement,
  found: Statement | StatementFault,
  before: string | null | undefined,
): Fault | undefined {
  const changed = (what: string): Fault => ({ code: 'statement_changed', text: `Statement ${seq} ${what}.` });
  if (found === 'unknown key') return { ...changed(reasons[found]), code: 'statement_unsigned' };
  if (typeof found === 'string') return changed(reasons[found]);
  if (found.seq !== seq || found.kind !== kind || found.at !== at || digest !== statementDigest(jws))
    return changed('stands in a row that was changed');
  if (before !== undefined && found.prev !== before)
    return changed(`does not follow the one before: one of the two was replaced`);
  return undefined;
}

function differsFrom(kept: KeptStatements, { seq, digest }: StoredStatement): Fault | undefined {
  if (kept.match(seq, digest) !== 'differs') return undefined;
  return { code: 'statement_differs', text: `Statement ${seq} is another one than that which was kept elsewhere.` };
}

function take(signed: Signed, statement: Statement): void {
  const { writers, days, callers } = signed;
  const { seq, at } = statement;
  signed.last = { seq, at };
  const of = (name: string) => {
    const found = writers.get(name) ?? { heads: [], dropped: [], erased: [], finished: undefined };
    writers.set(name, found);
    return found;
  };
  if (statement.kind === 'head')
    for (const { name, number, link, finished } of statement.writers) {
      const writer = of(name);
      writer.heads.push({ number, link, statement: seq, at });
      if (finished) writer.finished = number;
    }
  if (statement.kind === 'erased') {
    for (const entry of statement.writers) of(entry.name).erased.push(entry);
    for (const caller of statement.callers) callers.add(caller);
  }
  if (statement.kind !== 'dropped') return;
  days.add(statement.day);
  for (const range of statement.ranges) forget(of(range.name), range);
}

/** What was said about dropped records can no longer be compared with them. */
function forget(writer: SignedWriter, range: DroppedRange): void {
  const isGone = ({ runs }: ErasedEntry) => runs.every(([from, to]) => from >= range.from && to <= range.to);
  writer.heads = writer.heads.filter(({ number }) => number >= range.to || number < range.from);
  writer.erased = writer.erased.filter((each) => !isGone(each));
  const before = writer.dropped.at(-1);
  // One range for all days of a writer that went one after the other.
  if (before && before.to + 1 === range.from) Object.assign(before, { to: range.to, link: range.link });
  else writer.dropped.push({ ...range });
}
