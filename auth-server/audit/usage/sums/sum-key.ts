import { extensionMethods, lifecycle, methods } from '../../../../policy/request/methods.ts';
import type { AuditRecord } from '../../record.ts';
import type { Dimension } from '../../store/sum-tables.ts';

/** What a sum is for, in texts. Empty: none. */
export type SumKey = Record<Dimension, string>;

/** What stands for every name that no catalogue has: a caller may invent one for each call. */
export const other = 'other';

/** Outcome of what the gateway allowed. Others are the error codes of refusals. */
export const allowed = 'allowed';

/** The server in the sums of requests to the registry itself, as in `decision`. No server can have this name. */
export const registry = '#registry';

const knownMethods = new Set([...methods.keys(), ...lifecycle, ...extensionMethods.keys()]);

/**
 * The sum that a decision counts in.
 * @returns undefined for an event, which is no request
 */
export function sumKeyOf(record: AuditRecord): SumKey | undefined {
  const { http, subject = '', method = '', object, definition, verdict, reason, rule } = record;
  if (http === undefined) return undefined;
  return {
    server: record.resource === 'registry' ? registry : (record.server ?? ''),
    person: subject,
    kind: kindOf(record),
    client: record.client_id ?? '',
    method: method === '' || knownMethods.has(method) ? method : other,
    object: object === undefined ? '' : definition === undefined ? other : object,
    outcome: verdict === 'allow' ? allowed : (reason ?? other),
    rule: rule ?? '',
  };
}

/** Whether a decision shows that its server exists: the gateway allows no request to another one. */
export function provesServer({ server, object, outcome }: SumKey): boolean {
  return server === '' || server === registry || outcome === allowed || (object !== '' && object !== other);
}

/** A provider's token of an agent is about the client itself; a person's is about the person. */
function kindOf({ subject, auth_method: by, client_id: client }: AuditRecord): 'person' | 'agent' | 'public' | 'none' {
  if (by === 'public') return 'public';
  if (subject === undefined) return 'none';
  return subject === client ? 'agent' : 'person';
}
