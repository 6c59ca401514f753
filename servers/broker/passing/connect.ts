import { randomUUID } from 'node:crypto';
import { connectKey, firstVersion, mayAsk } from '../../../policy/request/client-pages.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { errorMessage, idOf } from './writer.ts';

/** The gate's codes that come with its own page, where the person connects an account at the server. */
const codes: ReadonlySet<string | undefined> = new Set(['account_needed', 'account_refused']);

/**
 * An error as the client's answer. Where the gate says that the caller has to connect an account, the client is asked to open the
 * gate's page, in the way of its own version of MCP and whatever its server speaks; a client that opens no pages gets the
 * sentence, which has the link.
 */
export function errorAnswer(exchange: Exchange, error: BrokerError): Buffer {
  const id = idOf(exchange);
  const { era, announced, message } = exchange;
  const url = pageIn(error);
  const { elicitation } = announced.capabilities as { elicitation?: { url?: unknown } | null };
  if (url === undefined || elicitation?.url === undefined || wasAsked(exchange)) return errorMessage(id, error);
  const page = { mode: 'url', url, message: error.message.replace(` at ${url}`, '') };
  if (era === 'new') {
    if (!mayAsk.has(message.method)) return errorMessage(id, error);
    const inputRequests = { [connectKey]: { method: 'elicitation/create', params: page } };
    const result = JSON.stringify({ resultType: 'input_required', inputRequests });
    return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
  }
  if (announced.protocolVersion < firstVersion) return errorMessage(id, error);
  const data = { reason: error.gate, elicitations: [{ ...page, elicitationId: randomUUID() }] };
  return errorMessage(id, new BrokerError(rpcCode.pagesRequired, error.message, { data }));
}

/** The page in an error of the gate's own. A server that writes the same is no gate. */
function pageIn({ gate, data }: BrokerError): string | undefined {
  if (!codes.has(gate)) return undefined;
  const { connect } = (data ?? {}) as { connect?: unknown };
  return typeof connect === 'string' ? connect : undefined;
}

/** Whether the person was asked a moment ago: once more would be a page for each repetition. */
function wasAsked({ message }: Exchange): boolean {
  const responses = message.params?.inputResponses;
  return typeof responses === 'object' && responses !== null && Object.hasOwn(responses, connectKey);
}
