import { shown } from '../../common/text/shown.ts';
import type { AuditRecord } from './record.ts';

/** What happens that is no request: the `method` of a record without `http`. */
export type AuditEvent =
  | 'accounts/connect'
  | 'accounts/disconnect'
  | 'approvals/approve'
  | 'approvals/refuse'
  | 'approvals/use'
  | 'access/end'
  | PolicyEvent
  | 'audit/read'
  | 'audit/export'
  | 'audit/erase'
  | 'audit/start'
  | 'audit/stop'
  | 'audit/lost';

/** What happens to the policy. `refuse`: an editor may not confirm a change; `dismiss`: a changed policy file does not count. */
export type PolicyEvent = `policy/${'change' | 'propose' | 'confirm' | 'refuse' | 'withdraw' | 'dismiss'}`;

/** Who does it, as a record names them. */
export type Actor = Pick<AuditRecord, 'subject' | 'username' | 'shown_name' | 'client_id' | 'auth_method' | 'address'>;

/** What is done, to what. */
export type Happening = Pick<
  AuditRecord,
  'resource' | 'server' | 'object' | 'about' | 'about_name' | 'detail' | 'count' | 'policy'
>;

/** The longest text in characters that says what was done, such as the filters of an export. */
const longestDetail = 1_000;

/**
 * The text of an event's record.
 * @param who nothing for what the gateway does by itself
 * @param at in milliseconds since 1970
 */
export function eventText(method: AuditEvent, who: Actor, what: Happening, at = Date.now()): string {
  const { count, detail, ...texts } = what;
  const all = Object.entries({ ...who, ...texts }).map(([name, value]) => [name, shown(value)]);
  const record: AuditRecord = { at, verdict: 'allow', method, ...Object.fromEntries(all) };
  return JSON.stringify({ ...record, detail: shown(detail, longestDetail), count });
}
