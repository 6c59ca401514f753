import * as z from 'zod';
import { type Decision, decision } from '../../common/doors/decisions.ts';
import { type AuditRecord, recordId } from './record.ts';

/** A reader ignores fields of a later release. */
const auditRecord = z.object({
  ...decision.omit({ id: true, at: true, groups: true, scopes: true }).shape,
  at: z.int(),
  caller: z.string().optional(),
});

const callerText = z.object({ salt: z.string(), groups: z.array(z.string()), scopes: z.array(z.string()) });

/**
 * Reads a record.
 * @param text as it was written and hashed
 * @throws {Error} if it is none
 */
export function readRecord(text: string): AuditRecord {
  return auditRecord.parse(JSON.parse(text));
}

/**
 * A record as the API returns it.
 * @param place of its row
 * @param callerText `text` of the {@link KnownCaller} that it names, if that is still kept
 */
export function toDecision(
  record: AuditRecord,
  place: { writer: number; number: number },
  caller: string | undefined,
): Decision {
  const { at, caller: _digest, ...fields } = record;
  const rights = caller === undefined ? undefined : callerText.parse(JSON.parse(caller));
  return {
    id: recordId({ at, ...place }),
    at: new Date(at).toISOString(),
    ...fields,
    ...(rights && { groups: rights.groups, scopes: rights.scopes }),
  };
}
