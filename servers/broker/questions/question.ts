import type { ServerMessage } from '../../../common/answers/message.ts';
import { cleanText } from '../../../common/text/clean.ts';
import { judgedKeys, looksLikeJudged } from '../../../policy/request/request-hygiene.ts';
import { parseStrictJson, UnreadableBody } from '../../../policy/request/strict-json.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Member } from '../exchange.ts';
import { limits } from '../limits.ts';

/** What a member asks the client, as the client is asked: read strictly, bounded, labelled, and written again. */
export interface Question {
  method: string;
  params: Record<string, unknown>;
}

type Json = Record<string, unknown>;

/** The reason in the error of a member that asks what the client does not answer. */
export const notAnswered = 'input_not_answered';

/** What each method asks the client for, as the client's capabilities name it. */
const capabilityOf: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};
const judged = judgedKeys('message', 'mode', 'url', 'requestedSchema', 'elicitationId', 'includeContext', '_meta');

/**
 * Reads a request of a member for its client.
 * @param params JSON in UTF-8; undefined for none
 * @param capabilities the client's
 * @throws {BrokerError} with which the member is refused
 */
export function readQuestion(
  member: Member,
  capabilities: Json,
  method: string,
  params: Uint8Array | undefined,
): Question {
  // Nothing admits the broker's own answer when a call has lasted for longer than a delegation: the client gives it.
  if (method === 'ping') return { method, params: {} };
  const needed = capabilityOf[method];
  if (needed === undefined || capabilities[needed] === undefined)
    throw unanswered(`The client does not answer ${cleanText(method.slice(0, 64))}.`);
  if (needed === 'sampling' && !member.sampling)
    throw unanswered(mayNot(member, "use its callers' models", 'sampling'));
  const read = paramsOf(params, needed === 'sampling' ? limits.ofMember.sampling : limits.ofMember.usual);
  if (needed === 'sampling') return { method, params: withoutContext(read) };
  return { method, params: needed === 'elicitation' ? labelled(member, capabilities[needed], read) : read };
}

/** {@link readQuestion} of a request on a stream. */
export function questionIn(
  member: Member,
  capabilities: Json,
  method: string,
  { bytes, parts }: ServerMessage,
): Question {
  const params = parts.get('params');
  return readQuestion(member, capabilities, method, params && bytes.subarray(params.from, params.to));
}

/** @throws {BrokerError} */
function paramsOf(bytes: Uint8Array | undefined, most: number): Json {
  if (!bytes) return {};
  if (bytes.length > most) throw invalid(`The request is larger than ${most} bytes.`);
  try {
    const value = parseStrictJson(bytes);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('params must be an object.');
    if (Object.keys(value).some((key) => looksLikeJudged(key, judged)))
      throw invalid('A key differs from a known one only in its letter case.');
    return value as Json;
  } catch (error) {
    if (error instanceof UnreadableBody) throw invalid(`The request was refused: ${error.message}.`);
    throw error;
  }
}

/** What other servers said to the client is not for this one. */
function withoutContext({ includeContext: _, ...rest }: Json): Json {
  return rest;
}

/** The person sees who asks, and where a page would be opened: a member speaks with the gateway's voice. */
function labelled(member: Member, elicitation: unknown, params: Json): Json {
  const { server } = member;
  const text = typeof params.message === 'string' ? cleanText(params.message, { keep: '\n', replace: ' ' }) : '';
  if (params.mode === undefined || params.mode === 'form') return { ...params, message: `[${server}] ${text}` };
  if (params.mode !== 'url') throw invalid('The mode must be form or url.');
  if ((elicitation as Json | null)?.url === undefined) throw invalid('The client opens no pages.');
  if (!member.pages) throw unanswered(mayNot(member, 'ask people to open pages', 'open_pages'));
  const url = typeof params.url === 'string' ? URL.parse(params.url) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw invalid('url must be the address of a web page, without a user.');
  // The host as every browser reads it, whatever the message says.
  return { ...params, url: url.href, message: `[${server}, opens ${url.host}] ${text}` };
}

function mayNot({ server }: Member, what: string, permission: string): string {
  return `${server} may not ${what} here. Ask the administrator of the gateway to tick it in the entry of ${server} (may: ${permission}).`;
}

function unanswered(message: string): BrokerError {
  return new BrokerError(rpcCode.unknownMethod, message, { data: { reason: notAnswered } });
}

/** What a member asks is no valid question. */
export function invalid(message: string): BrokerError {
  return new BrokerError(rpcCode.invalidParams, message);
}
