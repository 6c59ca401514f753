/** What the thread reports, for the log. */
export interface Report {
  level: 'info' | 'warn' | 'error';
  code: string;
  message: string;
  err?: unknown;
  /** Further fields of the line. */
  fields?: Readonly<Record<string, unknown>>;
}

const failures = {
  audit_writer: 'it could not be noted in the audit that this process runs or has ended',
  audit_days: 'the tables of the next days could not be made',
  audit_sums: 'the sums of the audit could not be made',
  audit_head: 'no statement about the audit could be signed',
  audit_retention: 'old records of the audit could not be dropped',
  audit_import: 'the record of an older release could not be taken over',
  audit_calls: 'times and statuses of calls cannot be read from CALLS_FILE, or written',
};

export type Failure = keyof typeof failures;

/** @returns reports an error of this kind */
export function failedTo(report: (report: Report) => void, code: Failure): (err: unknown) => void {
  return (err) => report({ level: 'error', code, message: failures[code], err });
}
