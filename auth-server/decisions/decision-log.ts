import { stdSerializers } from 'pino';
import type { Decision } from '../../common/policy/decisions.ts';
import { type Logger, lineWriter } from '../../common/service/log.ts';
import type { McpRequest } from '../../policy/request/mcp-request.ts';
import type { AuthError } from '../denials/auth-error.ts';
import { meanings } from '../denials/codes.ts';
import type { Principal } from '../identity/principal.ts';
import type { OriginalRequest } from '../request/original-request.ts';

/** What became known about one request on its way to a decision. */
export interface DecisionEntry {
  /** `performance.now()` at the beginning. */
  started: number;
  /** The version of the policy that decided, or else of the one in force. */
  policy: string;
  request?: OriginalRequest;
  principal?: Principal;
  asked?: McpRequest;
  /** If the server wants people's own accounts: the operator's entry, and whether the caller's account was used. */
  account?: { name: string; isUsed: boolean };
  rule?: string;
  error?: AuthError;
}

/** One line of the decision log. docs/operations/monitoring.md explains each field. */
export type DecisionLine = Omit<Decision, 'id' | 'at' | 'message' | 'groups' | 'scopes'>;

/** What was written: the line as JSON ({@link DecisionLine}), and the message that a denied caller got. */
export interface WrittenDecision {
  line: string;
  message?: string;
}

const longestField = 200;
const longestMessage = 1_000;

/**
 * A log with one line per decision: who, what, verdict, why. Never a credential. Text that a caller wrote is cut and
 * escaped by {@link shown}.
 * @returns writes the line for a decision that took `milliseconds`
 */
export function createDecisionLog(log: Logger) {
  const write = lineWriter(log);
  return (entry: DecisionEntry, milliseconds: number): WrittenDecision => {
    const { error } = entry;
    const line = JSON.stringify(lineOf(entry, milliseconds));
    const fields = line.slice(1, -1);
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

function lineOf(
  { request, principal, asked, account, rule, policy, error }: DecisionEntry,
  milliseconds: number,
): DecisionLine {
  const target = request?.target;
  const object = asked?.accesses.find((access) => access.object)?.object;
  return {
    verdict: error ? 'deny' : 'allow',
    reason: error?.code,
    status: error && meanings[error.code].status,
    request_id: shown(request?.requestId),
    subject: shown(principal?.subject),
    username: shown(principal?.username),
    shown_name: shown(principal?.shownName),
    client_id: shown(principal?.clientId),
    auth_method: principal?.authMethod,
    via: shown(principal?.delegated?.via),
    resource: target?.resource,
    server: target?.resource === 'mcp' ? shown(target.server) : undefined,
    http: request && shown(`${request.method} ${pathOf(request.uri)}`),
    method: shown(asked?.method),
    object: shown(object?.name),
    account: account?.name,
    account_used: account?.isUsed,
    rule: shown(rule),
    policy: shown(policy),
    microseconds: Math.round(milliseconds * 1000),
  };
}

function pathOf(uri: string): string {
  const query = uri.indexOf('?');
  return query === -1 ? uri : uri.slice(0, query);
}

/** DEL, the C1 controls, line and paragraph separators, and characters that are invisible or turn text around (Cf). */
const unsafe = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Cf}]/u;
const allUnsafe = new RegExp(unsafe, 'gu');

/**
 * A caller's text for a log line, cut. JSON escapes C0 controls and quotes. What JSON leaves as it is, and a terminal or
 * viewer may take for a new line, a command or reversed text, is percent-encoded (UTF-8).
 */
function shown(text: string, limit?: number): string;
function shown(text: string | undefined, limit?: number): string | undefined;
function shown(text: string | undefined, limit = longestField): string | undefined {
  if (text === undefined) return undefined;
  const cut = text.length > limit ? text.slice(0, limit) : text;
  return unsafe.test(cut) ? cut.replace(allUnsafe, encodeURIComponent) : cut;
}

/** Without an error's own fields: a library may put a whole request with its headers there. */
function causeOf(error: AuthError): object | undefined {
  if (!(error.cause instanceof Error)) return undefined;
  const { type, message, stack } = stdSerializers.err(error.cause);
  return { type, message: shown(message, longestMessage), stack: stack && shown(stack, 4 * longestMessage) };
}
