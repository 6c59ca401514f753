import { randomUUID } from 'node:crypto';
import { approveKey, connectKey, firstVersion, mayAsk } from '../../../policy/request/client-pages.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { errorMessage, idOf } from './writer.ts';

/** A page of the gate's own: its address, and the key under which a client of MCP 2026-07-28 answers. */
interface GatePage {
  url: string;
  key: string;
}

/**
 * The gate's codes that come with its own page: where the person connects an account at the server, or approves the call. Each with
 * the member of the error's data that has the address.
 */
const pages = new Map([
  ['account_needed', { member: 'connect', key: connectKey }],
  ['account_refused', { member: 'connect', key: connectKey }],
  ['approval_needed', { member: 'approve', key: approveKey }],
]);

/**
 * An error as the client's answer. Where the gate says that the caller has to open a page of its own, the client is asked to open
 * it, in the way of its own version of MCP and whatever its server speaks; a client that opens no pages gets the
 * sentence, which has the link.
 */
export function errorAnswer(exchange: Exchange, error: BrokerError): Buffer {
  const id = idOf(exchange);
  const { era, announced, message } = exchange;
  const found = pageIn(error);
  const { elicitation } = announced.capabilities as { elicitation?: { url?: unknown } | null };
  if (!found || elicitation?.url === undefined || wasAsked(exchange, found)) return errorMessage(id, error);
  const { url, key } = found;
  const page = { mode: 'url', url, message: error.message.replace(` at ${url}`, '') };
  if (era === 'new') {
    if (!mayAsk.has(message.method)) return errorMessage(id, error);
    const inputRequests = { [key]: { method: 'elicitation/create', params: page } };
    const result = JSON.stringify({ resultType: 'input_required', inputRequests });
    return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
  }
  if (announced.protocolVersion < firstVersion) return errorMessage(id, error);
  const data = { reason: error.gate, elicitations: [{ ...page, elicitationId: randomUUID() }] };
  return errorMessage(id, new BrokerError(rpcCode.pagesRequired, error.message, { data }));
}

/** The page in an error of the gate's own. A server that writes the same is no gate. */
function pageIn({ gate = '', data }: BrokerError): GatePage | undefined {
  const page = pages.get(gate);
  const url = page && (data as Record<string, unknown> | undefined)?.[page.member];
  return page && typeof url === 'string' ? { url, key: page.key } : undefined;
}

/** Whether the person was asked a moment ago: once more would be a page for each repetition. */
function wasAsked({ message }: Exchange, { key }: GatePage): boolean {
  const responses = message.params?.inputResponses;
  return typeof responses === 'object' && responses !== null && Object.hasOwn(responses, key);
}
