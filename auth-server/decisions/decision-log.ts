import { stdSerializers } from 'pino';
import { type Logger, lineWriter } from '../../common/service/log.ts';
import type { McpRequest } from '../../policy/request/mcp-request.ts';
import { type AuthError, type AuthErrorCode, meanings } from '../denials/auth-error.ts';
import { perPrincipal } from '../identity/per-principal.ts';
import type { Principal } from '../identity/principal.ts';
import type { OriginalRequest } from '../request/original-request.ts';

/** What became known about one request on its way to a decision. */
export interface AuditEntry {
  /** `performance.now()` at the beginning. */
  started: number;
  /** The version of the policy that decided; of the one in force, where it did not come to that. */
  policy: string;
  request?: OriginalRequest;
  principal?: Principal;
  asked?: McpRequest;
  rule?: string;
  error?: AuthError;
}

const longest = 200;
const longestMessage = 1_000;

/** What a line of the decision log says. */
export interface AuditLine {
  verdict: 'allow' | 'deny';
  reason?: AuthErrorCode;
  status?: number;
  request_id: string | undefined;
  subject: string | undefined;
  username: string | undefined;
  client_id: string | undefined;
  auth_method: string | undefined;
  resource: string | undefined;
  server: string | undefined;
  http: string | undefined;
  method: string | undefined;
  object: string | undefined;
  rule: string | undefined;
  policy: string;
  microseconds: number;
}

/** What was written: the line as a JSON object ({@link AuditLine}), and what a refused caller was told. */
export interface Said {
  line: string;
  message?: string;
}

/** Writes one line per decision, which took so many milliseconds, and says what it has written. */
export type Audit = (entry: AuditEntry, milliseconds: number) => Said;

/**
 * Writes one line per decision: who, what, verdict, why. Every field is explained in docs/operations/monitoring.md. Never a
 * credential; whatever a caller wrote is cut, and shown as {@link shown} does.
 */
export function createAudit(log: Logger): Audit {
  const write = lineWriter(log);
  return (entry, milliseconds) => {
    const { error } = entry;
    const fields = fieldsOf(entry, milliseconds);
    const line = `{${fields}}`;
    if (!error) {
      write('info', fields, 'allowed');
      return { line };
    }
    const level = meanings[error.code].logLevel;
    const message = shown(error.message, longestMessage);
    const cause = level === 'error' ? causeOf(error) : undefined;
    write(level, cause ? `${fields},"err":${JSON.stringify(cause)}` : fields, message);
    return { line, message };
  };
}

/** The members of {@link AuditLine} as JSON. By hand: `JSON.stringify` of an object takes three times as long. */
function fieldsOf({ request, principal, asked, rule, policy, error }: AuditEntry, milliseconds: number): string {
  const target = request?.target;
  const verdict = error
    ? `"verdict":"deny","reason":"${error.code}","status":${meanings[error.code].status}`
    : '"verdict":"allow"';
  const who = principal ? whoOf(principal) : '';
  const server = target?.resource === 'mcp' ? field('server', target.server) : '';
  const resource = target ? `,"resource":"${target.resource}"` : '';
  const http = request ? field('http', `${request.method} ${pathOf(request.uri)}`) : '';
  const object = asked?.accesses.find((access) => access.object)?.object?.name;
  const what = `${field('method', asked?.method)}${field('object', object)}${field('rule', rule)}`;
  const how = `${field('policy', policy)},"microseconds":${Math.round(milliseconds * 1000)}`;
  return `${verdict}${field('request_id', request?.requestId)}${who}${resource}${server}${http}${what}${how}`;
}

/** Says who it is, the same for all requests of theirs. */
const whoOf = perPrincipal(({ subject, username, clientId, authMethod }) =>
  [
    field('subject', subject),
    field('username', username),
    field('client_id', clientId),
    field('auth_method', authMethod),
  ].join(''),
);

/** Letters that JSON and {@link shown} leave as they are, and no more of them than a line may have. */
const plain = /^[ !#-[\]-~]{0,200}$/;

/** One more member of a JSON object; nothing for what there is not. */
function field(name: keyof AuditLine, value: string | undefined): string {
  if (value === undefined) return '';
  return plain.test(value) ? `,"${name}":"${value}"` : `,"${name}":${JSON.stringify(shown(value))}`;
}

function pathOf(uri: string): string {
  const query = uri.indexOf('?');
  return query === -1 ? uri : uri.slice(0, query);
}

/** DEL, the C1 controls, line and paragraph separators, and what is invisible or turns text around (Unicode Cf). */
const acting = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Cf}]/u;
const allActing = new RegExp(acting, 'gu');

/**
 * A caller's text for a log line, cut. JSON escapes C0 controls and quotes by itself; what it leaves raw, and a
 * terminal or a viewer may take for a new line, a command or text the other way round, stands percent-encoded (UTF-8).
 */
function shown(text: string, limit = longest): string {
  const cut = text.length > limit ? text.slice(0, limit) : text;
  return acting.test(cut) ? cut.replace(allActing, encodeURIComponent) : cut;
}

/** An error's own fields stay out: nobody knows what a library puts there, and it may be a request with its headers. */
function causeOf(error: AuthError): object | undefined {
  if (!(error.cause instanceof Error)) return undefined;
  const { type, message, stack } = stdSerializers.err(error.cause);
  return { type, message: shown(message, longestMessage), stack: stack && shown(stack, 4 * longestMessage) };
}
