import type { Decision } from '../../../common/doors/decisions.ts';
import { hubName } from '../../../policy/names.ts';
import { counted } from '../shared/format.ts';

/** Why the gateway refused, for a row of the audit. The decision's own page has the message that the caller got. */
export const reasonWords: Readonly<Record<string, string>> = {
  credentials_missing: 'not signed in',
  credentials_ambiguous: 'two credentials at once',
  authorization_unreadable: 'the credential cannot be read',
  token_invalid: 'the token is not valid',
  token_expired: 'the token has expired',
  session_invalid: 'the session is not valid',
  session_expired: 'the session has expired',
  session_ended: 'signed out',
  session_idle: 'the session was unused for too long',
  access_revoked: 'access was revoked',
  groups_unconfirmed: 'the groups could not be confirmed',
  origin_not_allowed: 'a page of another site',
  not_permitted: 'no rule allows it',
  not_delegated: 'more than its caller asked',
  approval_needed: 'it has to be approved first',
  tool_changed: 'the tool has changed',
  account_needed: 'no account of their own connected',
  account_refused: 'the server refuses their own account',
  account_for_people: 'only for people with an account of their own',
  account_unavailable: 'their own account cannot be used now',
  method_unknown: 'no such method',
  nothing_to_list: 'nothing in this list for the caller',
  approved_tools_unavailable: 'the approved tools are not known',
  request_refused: 'not a valid request',
  params_invalid: 'the parameters are not valid',
  method_not_allowed: 'this HTTP method is not offered',
  server_not_found: 'no such server',
  session_unknown: 'no such MCP session of the caller',
  task_unknown: 'no such task of the caller',
  body_too_large: 'the body is too large',
  limit_reached: 'a limit of the policy is reached',
  too_many_requests: 'too many requests',
  too_busy: 'the gateway is busy',
  gate_misconfigured: 'nginx is not set up for it',
  body_unseen: 'the body could not be read',
  identity_provider_unavailable: 'the identity provider does not answer',
  upstream_secret_unavailable: 'the secret for the server is missing',
  store_unavailable: 'the database does not answer',
  decision_too_slow: 'the decision took too long',
  internal_error: 'an error of the gateway',
};

/** Who asked, for people: a name, and beside it what tells two of that name apart. */
export function whoAsked({ shown_name, username, subject, client_id, auth_method, http, method }: Decision): {
  name: string;
  more: string | undefined;
} {
  const known = username ?? subject;
  if (known === undefined && http === undefined && method !== undefined)
    return { name: 'The gateway', more: undefined };
  if (known === undefined) return { name: auth_method === 'public' ? 'A visitor' : 'Not signed in', more: undefined };
  if (shown_name !== undefined) return { name: shown_name, more: username };
  // A token of an app client names no person: its subject is the client's own id.
  if (auth_method === 'jwt' && client_id !== undefined && known === client_id)
    return { name: 'Agent', more: client_id };
  return { name: known, more: undefined };
}

/** Whether a record is an event, not a decision about a request. */
export function isEvent({ http, method }: Decision): boolean {
  return http === undefined && method !== undefined;
}

/** Refusals of requests without a caller: most are visits of people who are not signed in yet. */
export function isVisit({ verdict, subject, username, http }: Decision): boolean {
  return verdict === 'deny' && http !== undefined && subject === undefined && username === undefined;
}

/** That someone reads the audit. */
export function isReading(decision: Decision): boolean {
  return isEvent(decision) && decision.method === 'audit/read';
}

const eventWords: Readonly<Record<string, (event: Decision) => string>> = {
  'accounts/connect': ({ object }) => `connected the account${object ? ` ${object}` : ''} at`,
  'accounts/disconnect': ({ object }) => `disconnected the account${object ? ` ${object}` : ''} at`,
  'approvals/approve': ({ object, about_name }) => `approved a call of ${object} by ${about_name ?? 'another'} at`,
  'approvals/refuse': ({ object, about_name }) => `refused a call of ${object} by ${about_name ?? 'another'} at`,
  'approvals/use': ({ object, about_name }) => `used the approval of ${about_name ?? 'a person'} to call ${object} at`,
  'access/end': ({ detail }) => `ended ${detail ?? 'access'}`,
  'policy/change': ({ detail }) => `changed the policy: ${detail}`,
  'policy/propose': ({ detail }) => `proposed a change of the policy: ${detail}`,
  'policy/confirm': ({ detail, about_name }) => `confirmed a change of the policy by ${about_name}: ${detail}`,
  'policy/refuse': ({ detail, about_name }) =>
    `could not confirm a change of the policy${ofPerson(about_name)}: ${detail}`,
  'policy/withdraw': ({ detail, about_name }) => `withdrew a change of the policy${ofPerson(about_name)}: ${detail}`,
  'policy/dismiss': ({ detail }) => `dismissed the change of ${detail}`,
  'audit/read': ({ detail }) => `read the audit${detail ? `: ${detail}` : ''}`,
  'audit/export': ({ count, detail }) =>
    `${count === undefined ? 'began to export decisions' : `exported ${counted(count, 'decision')}`}${detail ? `: ${detail}` : ''}`,
  'audit/erase': ({ count }) => `erased ${count === undefined ? 'records' : counted(count, 'record')} of a person`,
  'audit/start': () => 'A process of the gateway started, and with it a record',
  'audit/stop': () => 'A process of the gateway stopped, and its record is complete',
  'audit/lost': ({ count }) =>
    `${count === undefined ? 'Records' : counted(count, 'record')} lost: more came than could be written. The log has them`,
};

function ofPerson(name: string | undefined): string {
  return name === undefined ? '' : ` by ${name}`;
}

/** What happened, as the rest of a sentence after who did it; the server stands behind it. */
export function whatHappened(event: Decision): string {
  return eventWords[event.method ?? '']?.(event) ?? event.detail ?? event.method ?? '';
}

/** Who asked for the caller, if they did not ask themselves: `through the hub`. @param via the server that asked */
export function viaWords(via: string | undefined): string {
  if (via === undefined) return '';
  if (via === hubName) return 'through the hub';
  return via === 'mcpgw' ? 'through the tools of the gateway (mcpgw)' : `through the set ${via}`;
}

const signedInWords: Readonly<Record<string, string>> = {
  session_cookie: 'a session in a browser or of the command line',
  jwt: 'a token',
  public: 'nothing: the registry is public',
};

/** How the gateway knew the caller. */
export function signedInBy(method: string | undefined): string | undefined {
  return method && (signedInWords[method] ?? method);
}
