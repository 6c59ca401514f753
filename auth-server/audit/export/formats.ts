import type { Decision, ExportFormat } from '../../../common/doors/decisions.ts';
import { csvHead, csvLine } from './csv.ts';
import { toOcsf } from './ocsf.ts';

/** How records are written to a file. */
export interface Writing {
  /** What comes before the first record. */
  head: string;
  /** A record as text, with the end of its line. */
  line: (decision: Decision) => string;
}

/**
 * The formats of an export, all in UTF-8, a record a line: `ndjson` as the API returns decisions, `csv` for spreadsheets,
 * `ocsf` for security information systems (JSON as well).
 */
export const writings: Readonly<Record<ExportFormat, Writing>> = {
  ndjson: { head: '', line: (decision) => `${JSON.stringify(decision)}\n` },
  csv: { head: csvHead, line: csvLine },
  ocsf: { head: '', line: (decision) => `${JSON.stringify(toOcsf(decision))}\n` },
};
