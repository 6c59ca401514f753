import type { AuditRecord } from '../record.ts';
import { columnText } from './column-text.ts';
import type { DaySchema } from './schema.ts';

/** The columns of a row that say what its record says. */
export type RecordColumns = Omit<DaySchema['decision'], 'writer' | 'number' | 'salt' | 'digest' | 'link' | 'record'>;

/** What the columns beside a record say, so that it can be found. */
export function columnsOf(record: AuditRecord): RecordColumns {
  return {
    at: record.at,
    verdict: record.verdict,
    reason: column(record.reason),
    person: column(record.subject),
    client: column(record.client_id),
    server: record.resource === 'registry' ? '#registry' : column(record.server),
    // Whom an event is about is found, and erased, by this column.
    object: column(record.object ?? record.about),
    method: column(record.method),
    caller: column(record.caller),
  };
}

function column(value: string | undefined): string | null {
  return value === undefined ? null : columnText(value);
}
