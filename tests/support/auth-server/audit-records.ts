import { randomBytes, randomInt } from 'node:crypto';
import type { AuditRecord } from '../../../auth-server/audit/record.ts';
import type { AuditDatabase } from '../../../auth-server/audit/store/database.ts';
import { createNames } from '../../../auth-server/audit/store/names.ts';
import { createWriter } from '../../../auth-server/audit/write/writer.ts';

/** A call of a tool as the audit records it. */
export function toolCallRecord(at: number, change: Partial<AuditRecord> = {}): AuditRecord {
  return {
    at,
    verdict: 'allow',
    subject: 'sub-alice',
    username: 'alice',
    auth_method: 'session_cookie',
    resource: 'mcp',
    server: 'currenttime',
    http: 'POST /currenttime/mcp',
    method: 'tools/call',
    object: 'now',
    definition: 'hash-of-now',
    rule: 'admin[0]',
    policy: 'v1',
    microseconds: 90,
    ...change,
  };
}

/** Writes records into an audit's database, as one start of an auth-server does. */
export function writerOf(database: AuditDatabase) {
  const identity = { id: randomInt(2 ** 31), name: randomBytes(16).toString('hex'), host: 'h', pid: 1, startedAt: 0 };
  const writer = createWriter(database, identity, createNames(database));
  let number = 0;
  return {
    id: identity.id,
    /** @returns the number of the first */
    async write(...records: AuditRecord[]): Promise<number> {
      const from = number + 1;
      number += records.length;
      await writer.write({ from, texts: records.map((record) => JSON.stringify(record)).join('\n'), callers: [] });
      return from;
    },
  };
}
