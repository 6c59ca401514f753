import type { Decision } from '../../common/doors/decisions.ts';

/**
 * One record of the audit as it is kept and hashed: the API's fields, with the time as a number, and the caller's groups and
 * scopes as the digest of a text that is kept once ({@link KnownCaller}).
 */
export interface AuditRecord extends Omit<Decision, 'id' | 'at' | 'groups' | 'scopes'> {
  /** Milliseconds since 1970. */
  at: number;
  /** `digest` of the {@link KnownCaller}. */
  caller?: string | undefined;
}

/** The groups and scopes of a caller, kept once for many records. */
export interface KnownCaller {
  /** SHA-256 of `text`, in base64url. */
  digest: string;
  /** JSON: `salt`, `groups`, `scopes`. Without the salt, which goes when the person is erased, the digest says nothing. */
  text: string;
}

/** What keeps the records. */
export interface RecordKeeper {
  /** Adds a record. No I/O. @param caller given where the record names a caller that was not given lately */
  add(record: string, caller?: KnownCaller): void;
}

const texts = [
  'reason',
  'subject',
  'username',
  'shown_name',
  'client_id',
  'client_name',
  'resource',
  'server',
  'object',
  'about',
  'method',
  'caller',
] as const satisfies (keyof AuditRecord)[];

/**
 * Reads a record that is to be written. Only what its columns and names say is looked at: most are this process's own, and
 * readRecord (stored-record.ts) takes longer than SQLite.
 * @throws {Error} if it is none
 */
export function readNewRecord(text: string): AuditRecord {
  const record: AuditRecord = JSON.parse(text);
  const isSound = texts.every((field) => record[field] === undefined || typeof record[field] === 'string');
  if (!isSound || !Number.isSafeInteger(record.at) || !['allow', 'deny'].includes(record.verdict))
    throw new TypeError('this is no record of the audit');
  return record;
}

/** The name of a record in the API and in addresses. Those of one writer only grow. */
export function recordId({ at, writer, number }: { at: number; writer: number; number: number }): string {
  return `${at.toString(36)}-${writer}-${number}`;
}

/** Whether a record is an event. */
export function isEvent({ http, method }: Pick<AuditRecord, 'http' | 'method'>): boolean {
  return http === undefined && method !== undefined;
}
