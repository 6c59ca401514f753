import { randomUUID } from 'node:crypto';
import { RelayError } from './errors.ts';
import type { Exchange, RelayDeps } from './exchange.ts';

/**
 * Where the client of a 2024-11-05 stream posts its messages: to the gateway, under an id of the relay's own. The relay
 * binds the id to the caller, together with the path that the server announced. The server's own session id never leaves
 * the gateway: it is all that another caller would need.
 * @param announced the data of the server's `endpoint` event: a path, or a URL of the server itself
 * @returns path and query at the gateway
 * @throws {RelayError} upstream_answer_unreadable if it points to another host
 */
export async function gatewayEndpoint(
  { owners }: RelayDeps,
  { caller, route }: Exchange,
  announced: string,
): Promise<string> {
  const base = new URL(route.paths.sse ?? '/', route.origin);
  const url = URL.parse(announced, base);
  if (!url || url.origin !== base.origin || url.username !== '') {
    throw new RelayError('upstream_answer_unreadable', new Error('its endpoint event leads elsewhere'));
  }
  const id = randomUUID();
  await owners.bind(caller.token, { kind: 'session', id, target: url.pathname + url.search });
  return `/${caller.ticket.server}/messages?sessionId=${id}`;
}
