import { randomBytes } from 'node:crypto';
import { digestOf, linkOf } from '../chain/digest.ts';
import { type AuditRecord, readNewRecord } from '../record.ts';
import { columnsOf } from '../store/columns.ts';
import type { DaySchema } from '../store/schema.ts';

export type DecisionRow = DaySchema['decision'];

/** A record as it is to be written: its text, what it says, and its number. */
export interface NumberedRecord {
  number: number;
  text: string;
  record: AuditRecord;
}

const saltBytes = 16;

/** Reads a record that is to be written. One that cannot be read is kept too: it must not stop those behind it. */
export function numbered(number: number, text: string): NumberedRecord {
  try {
    return { number, text, record: readNewRecord(text) };
  } catch {
    return { number, text, record: { at: Date.now(), verdict: 'deny' } };
  }
}

/** The rows of records that follow each other. @param previous the link of the writer's record before */
export function rowsOf(writer: number, records: readonly NumberedRecord[], previous: Uint8Array): DecisionRow[] {
  const salts = randomBytes(saltBytes * records.length);
  let before = previous;
  return records.map(({ number, text, record }, index) => {
    const salt = salts.subarray(index * saltBytes, (index + 1) * saltBytes);
    const digest = digestOf(salt, text);
    const link = linkOf(before, number, digest);
    before = link;
    return { writer, number, ...columnsOf(record), salt, digest, link, record: text };
  });
}
