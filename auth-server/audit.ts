import { stdSerializers } from 'pino';
import { type Logger, lineWriter } from '../common/log.ts';
import type { McpRequest } from '../policy/mcp-request.ts';
import { type AuthError, type AuthErrorCode, meanings } from './errors.ts';
import type { OriginalRequest } from './original-request.ts';
import type { Principal } from './principal.ts';

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

/** What was written: the line, and what a refused caller was told. */
export interface Said {
  line: AuditLine;
  message?: string;
}

/** Writes one line per decision, which took so many milliseconds, and says what it has written. */
export type Audit = (entry: AuditEntry, milliseconds: number) => Said;

/**
 * Writes one line per decision: who, what, verdict, why. Every field is explained in docs/operations.md. Never a
 * credential; whatever a caller wrote is cut, and shown as {@link shown} does.
 */
export function createAudit(log: Logger): Audit {
  const write = lineWriter(log);
  return (entry, milliseconds) => {
    const { error } = entry;
    const line = lineOf(entry, milliseconds);
    if (!error) {
      write('info', JSON.stringify(line), 'allowed');
      return { line };
    }
    const level = meanings[error.code].logLevel;
    const message = shown(error.message, longestMessage);
    write(level, JSON.stringify(level === 'error' ? { ...line, err: causeOf(error) } : line), message);
    return { line, message };
  };
}

function lineOf({ request, principal, asked, rule, policy, error }: AuditEntry, milliseconds: number): AuditLine {
  const target = request?.target;
  return {
    verdict: error ? 'deny' : 'allow',
    ...(error && { reason: error.code, status: meanings[error.code].status }),
    request_id: shown(request?.requestId),
    subject: shown(principal?.subject),
    username: shown(principal?.username),
    client_id: shown(principal?.clientId),
    auth_method: principal?.authMethod,
    resource: target?.resource,
    server: target?.resource === 'mcp' ? shown(target.server) : undefined,
    http: request && shown(`${request.method} ${pathOf(request.uri)}`),
    method: shown(asked?.method),
    object: shown(asked?.accesses.find((access) => access.object)?.object?.name),
    rule: shown(rule),
    policy,
    microseconds: Math.round(milliseconds * 1000),
  };
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
function shown(text: string, limit?: number): string;
function shown(text: string | undefined): string | undefined;
function shown(text: string | undefined, limit = longest): string | undefined {
  if (text === undefined) return undefined;
  const cut = text.length > limit ? text.slice(0, limit) : text;
  return acting.test(cut) ? cut.replace(allActing, encodeURIComponent) : cut;
}

/** An error's own fields stay out: nobody knows what a library puts there, and it may be a request with its headers. */
function causeOf(error: AuthError): object | undefined {
  if (!(error.cause instanceof Error)) return undefined;
  const { type, message, stack } = stdSerializers.err(error.cause);
  return { type, message: shown(message, longestMessage), stack: shown(stack, 4 * longestMessage) };
}
