import { hash } from 'node:crypto';
import type { JWK } from 'jose';
import { createStatementReader } from '../statement.ts';
import { createFaults, type Fault, type Faults } from './fault.ts';
import { readKept } from './kept.ts';
import type { FitsRecord, StoredRecord } from './row.ts';
import { readStatements, type Signed, type SignedWriter, type StoredStatement } from './statements.ts';
import { WriterCheck, type WriterSummary } from './writer.ts';

/** What is verified. Only the parts that its signatures and digests hold together are believed. */
export interface Evidence {
  /** By number. */
  statements: AsyncIterable<StoredStatement>;
  /** The public keys that count. */
  keys: readonly JWK[];
  /** Lines with statements that were kept elsewhere. */
  kept?: AsyncIterable<string> | undefined;
  writers: AsyncIterable<{ id: number; name: string }>;
  /** By writer, and then by number. */
  rows: AsyncIterable<StoredRecord & { caller: string | null }>;
  callers: AsyncIterable<{ digest: string; text: string }>;
  fits: FitsRecord;
}

/** What was found. */
export interface Verification {
  /** At most a thousand; `faultCount` has them all. */
  faults: readonly Fault[];
  faultCount: number;
  /** How many statements were kept elsewhere; undefined if none were given. */
  kept: number | undefined;
  statements: number;
  /** The time of the last statement, in milliseconds since 1970. */
  signedAt: number | undefined;
  records: number;
  /** Records after the last head of their process. They are linked, and not yet signed. */
  unsigned: number;
  /** Days that were dropped, as the statements say. */
  days: number;
  dropped: number;
  erased: number;
  writers: readonly WriterSummary[];
}

/**
 * Verifies the audit: that no record or statement was removed, changed, inserted or moved since the head that names it was
 * signed. Memory does not grow with the records.
 */
export async function verify(evidence: Evidence): Promise<Verification> {
  const faults = createFaults();
  const read = await createStatementReader(evidence.keys);
  const kept = await readKept(evidence.kept ?? nothing(), read, faults);
  const keptCount = evidence.kept && kept.count;
  const signed = await readStatements(evidence.statements, kept, read, faults);
  const { writers, callers } = await readRows(evidence, signed, faults);
  for (const caller of signed.callers) callers.delete(caller);
  await checkCallers(evidence, callers, faults);
  const sum = (of: (writer: WriterSummary) => number) => writers.reduce((all, writer) => all + of(writer), 0);
  return {
    faults: faults.listed,
    faultCount: faults.count(),
    kept: keptCount,
    statements: signed.statements,
    signedAt: signed.last?.at,
    records: sum(({ records }) => records),
    unsigned: sum(({ last, signed }) => Math.max(0, last - signed)),
    days: signed.days.size,
    dropped: sum(({ dropped }) => dropped),
    erased: sum(({ erased }) => erased),
    writers,
  };
}

async function* nothing(): AsyncGenerator<string> {}

/** What the record of a row names is there, or is missing here. */
type Callers = Map<string, Pick<Fault, 'writer' | 'from' | 'at'>>;

async function readRows({ writers, rows, fits }: Evidence, signed: Signed, faults: Faults) {
  const names = new Map<number, string>();
  for await (const { id, name } of writers) names.set(id, name);
  const callers: Callers = new Map();
  const done: WriterSummary[] = [];
  let current: { id: number; check: WriterCheck | undefined } | undefined;
  const open = (name: string) => {
    const says = signed.writers.get(name) ?? { heads: [], dropped: [], erased: [], finished: undefined };
    signed.writers.delete(name);
    return new WriterCheck(name, says, fits, faults);
  };
  const close = () => {
    if (current?.check) done.push(current.check.end());
  };
  for await (const row of rows) {
    const name = names.get(row.writer);
    if (current?.id !== row.writer) {
      close();
      current = { id: row.writer, check: name === undefined ? undefined : open(name) };
      if (name === undefined) {
        const text = `Records of a process that is not known (${row.writer}): they were inserted, or its row was removed.`;
        faults.add({ code: 'writer_unknown', text, from: row.number, at: row.at });
      }
    }
    current.check?.row(row);
    const place = { ...(name !== undefined && { writer: name }), from: row.number, at: row.at };
    if (row.caller !== null && !callers.has(row.caller)) callers.set(row.caller, place);
  }
  close();
  for (const [name, says] of signed.writers) done.push(...withoutRows(name, says, fits, faults));
  return { writers: done, callers };
}

/** A writer of which no record is there: they were dropped, or removed. */
function withoutRows(name: string, says: SignedWriter, fits: FitsRecord, faults: Faults) {
  const last = says.heads.at(-1);
  const isWhole = says.dropped.length === 1 && says.dropped[0]?.from === 1;
  const isDropped = isWhole && (last?.number ?? 0) <= (says.dropped[0]?.to ?? 0);
  if (isDropped || !last) return [new WriterCheck(name, says, fits, faults).end()];
  const text = `All records of a process are missing: statement ${last.statement} names ${last.number}.`;
  faults.add({ code: 'writer_missing', text, writer: name, from: 1, to: last.number, ...last });
  return [];
}

async function checkCallers({ callers }: Evidence, named: Callers, faults: Faults): Promise<void> {
  for await (const { digest, text } of callers) {
    if (hash('sha256', text, 'base64url') !== digest)
      faults.add({
        code: 'caller_changed',
        text: 'The groups and scopes of a caller were changed.',
        ...named.get(digest),
      });
    named.delete(digest);
  }
  for (const place of named.values())
    faults.add({
      code: 'caller_missing',
      text: `The groups and scopes of the caller of record ${place.from} are missing.`,
      ...place,
    });
}
