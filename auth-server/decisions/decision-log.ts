import { stdSerializers } from 'pino';
import type { Decision } from '../../common/doors/decisions.ts';
import { type Logger, lineWriter } from '../../common/service/log.ts';
import { shown } from '../../common/text/shown.ts';
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
  /** Takes back what the call was counted for, if it is refused after all. */
  giveBack?: (() => void) | undefined;
}

/** One line of the decision log. docs/operations/monitoring.md explains each field. */
export type DecisionLine = Omit<Decision, 'id' | 'at' | 'message' | 'groups' | 'scopes'>;

/** What was written: the line, also as JSON, and the message that a denied caller got. */
export interface WrittenDecision {
  fields: DecisionLine;
  line: string;
  message?: string;
}

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
    const fields = lineOf(entry, milliseconds);
    const line = JSON.stringify(fields);
    const members = line.slice(1, -1);
    if (!error) {
      write('info', members, 'allowed');
      return { fields, line };
    }
    const level = meanings[error.code].logLevel;
    const message = shown(error.message, longestMessage);
    const cause = level === 'error' ? causeOf(error) : undefined;
    write(level, cause ? `${members},"err":${JSON.stringify(cause)}` : members, message);
    return { fields, line, message };
  };
}

function lineOf(
  { request, principal, asked, account, rule, policy, error }: DecisionEntry,
  milliseconds: number,
): DecisionLine {
  const target = request?.target;
  const object = asked && firstObject(asked);
  const objects = asked && asked.accesses.length > 1 ? asked.accesses.filter((access) => access.object).length : 1;
  return {
    verdict: error ? 'deny' : 'allow',
    reason: error?.code,
    status: error && meanings[error.code].status,
    request_id: shown(request?.requestId),
    subject: shown(principal?.subject),
    username: shown(principal?.username),
    shown_name: shown(principal?.shownName),
    client_id: shown(principal?.clientId ?? principal?.program?.id),
    client_name: shown(principal?.program?.name),
    auth_method: principal?.authMethod,
    address: shown(addressOf(request, principal)),
    via: shown(principal?.delegated?.via),
    resource: target?.resource,
    server: target?.resource === 'mcp' ? shown(target.server) : undefined,
    http: request && shown(`${request.method} ${pathOf(request.uri)}`),
    method: shown(asked?.method),
    object: shown(object?.name),
    objects: objects > 1 ? objects : undefined,
    argument: shown(error?.details.argument),
    account: account?.name,
    account_used: account?.isUsed,
    rule: shown(rule),
    policy: shown(policy),
    microseconds: Math.round(milliseconds * 1000),
  };
}

/** The first object that a request names. */
export function firstObject({ accesses }: McpRequest): McpRequest['accesses'][0]['object'] {
  return accesses.find((access) => access.object)?.object;
}

/** Where the caller is. At the inner address, nginx sees the broker, and the delegation says where its caller is. */
function addressOf(request: OriginalRequest | undefined, principal: Principal | undefined): string | undefined {
  return request?.isInner ? principal?.delegated?.address : request?.address;
}

function pathOf(uri: string): string {
  const query = uri.indexOf('?');
  return query === -1 ? uri : uri.slice(0, query);
}

/** Without an error's own fields: a library may put a whole request with its headers there. */
function causeOf(error: AuthError): object | undefined {
  if (!(error.cause instanceof Error)) return undefined;
  const { type, message, stack } = stdSerializers.err(error.cause);
  return { type, message: shown(message, longestMessage), stack: stack && shown(stack, 4 * longestMessage) };
}
