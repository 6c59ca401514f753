import { membersOf, type ServerMessage, type Span, stringAt } from '../../../common/answers/message.ts';
import { type Change, type Edit, splice } from '../../../common/answers/rewrite.ts';
import { cacheable } from '../../../policy/request/methods.ts';
import { judgedKeys } from '../../../policy/request/request-hygiene.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Member } from '../exchange.ts';
import { limits } from '../limits.ts';
import { type Question, readQuestion } from '../questions/question.ts';

/** What an answer asks its client for instead of a result (MCP 2026-07-28, `input_required`). */
export interface InputRequired {
  /** By the key under which the answers are awaited. */
  questions: ReadonlyMap<string, Question>;
  /** As JSON; undefined for none. */
  requestState: string | undefined;
  span: Span | undefined;
}

const judgedOfRequest = judgedKeys('method', 'params');

/**
 * The questions in an answer of a member of the new era.
 * @returns undefined if it asks for nothing
 * @throws {BrokerError} if it asks for what the client must not be asked
 */
export function inputRequired(
  member: Member,
  capabilities: Record<string, unknown>,
  { bytes, result }: ServerMessage,
): InputRequired | undefined {
  const span = result.get('inputRequests');
  const isAsking = stringAt(bytes, result.get('resultType')) === 'input_required';
  if (!isAsking && !span) return undefined;
  const state = result.get('requestState');
  const requestState = state && bytes.toString('utf8', state.from, state.to);
  const questions = new Map<string, Question>();
  if (!span) return { questions, requestState, span };
  if (span.to - span.from > limits.ofMember.sampling) throw refused(member, 'what it asks for is too large');
  const requests = objectAt(bytes, span, judgedKeys());
  if (requests.size > limits.askedPerMember)
    throw refused(member, `it asks for more than ${limits.askedPerMember} answers at once`);
  for (const [key, at] of requests) {
    const parts = objectAt(bytes, at, judgedOfRequest);
    const params = parts.get('params');
    const method = stringAt(bytes, parts.get('method')) ?? '';
    questions.set(key, readQuestion(member, capabilities, method, params && bytes.subarray(params.from, params.to)));
  }
  return { questions, requestState, span };

  function objectAt(json: Buffer, at: Span, judged: ReturnType<typeof judgedKeys>): ReadonlyMap<string, Span> {
    const members = json[at.from] === 0x7b ? membersOf(json, at, judged) : undefined;
    if (!members) throw refused(member, 'what it asks for has no single meaning');
    return members;
  }
}

/** What changes in the answer so that its questions are as the client may see them. */
export function questionsChanged({ questions, span }: InputRequired): Change[] {
  return span ? [{ ...span, json: JSON.stringify(Object.fromEntries(questions)) }] : [];
}

/** A request once more, with what the client has answered. @param responses JSON by key */
export function withResponses(
  body: Buffer,
  responses: ReadonlyMap<string, string>,
  requestState: string | undefined,
): Buffer {
  const json = `{${[...responses].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`;
  const state: Edit[] = requestState === undefined ? [] : [{ path: ['params', 'requestState'], json: requestState }];
  return splice(body, [{ path: ['params', 'inputResponses'], json }, ...state]);
}

/** What changes in a result of the old era for a client of the new one. */
export function newMembers(method: string, { result, resultSpan }: ServerMessage): Change[] {
  if (!resultSpan) return [];
  const needed: [string, string][] = [['resultType', '"complete"']];
  if (cacheable.has(method)) needed.push(['ttlMs', '0'], ['cacheScope', '"private"']);
  const added = needed.filter(([key]) => !result.has(key)).map(([key, json]) => `"${key}":${json}`);
  const inside = resultSpan.from + 1;
  const json = `${added.join()}${added.length > 0 && result.size > 0 ? ',' : ''}`;
  const scope = cacheable.has(method) ? result.get('cacheScope') : undefined;
  return [{ from: inside, to: inside, json }, ...(scope ? [{ ...scope, json: '"private"' }] : [])];
}

/** What a member of the old era asks in the middle of a call, as the answer for a client of the new one. */
export function asInputRequired(clientId: string, key: string, question: Question, requestState: string): Buffer {
  const result = { resultType: 'input_required', inputRequests: { [key]: question }, requestState };
  return Buffer.from(`{"jsonrpc":"2.0","id":${clientId},"result":${JSON.stringify(result)}}`);
}

function refused({ server }: Member, why: string): BrokerError {
  return new BrokerError(rpcCode.unavailable, `${server} was stopped: ${why}.`);
}
