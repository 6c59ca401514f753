import { type Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createPinnedFetch } from '../../../common/network/pinned-fetch.ts';
import type { Holding } from '../../routing/holding.ts';
import { readingFetch } from '../../routing/read-answers.ts';
import type { Transport } from '../../servers/server.ts';
import type { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import { type CheckTarget, endLateSessions } from './end-session.ts';
import type { Seen } from './explain.ts';
import { type KeptConnection, withoutPlaceholder } from './kept-connection.ts';
import { bytesOfCheck, readingLimits } from './limits.ts';

/**
 * Makes the transport of a check: to vetted addresses only, with bounded answers, and with the session that an earlier check has
 * kept. It tells the clock when the server was reached, and `seen` what an answer said besides.
 */
export function createTransport(
  url: URL,
  transport: Transport,
  target: CheckTarget,
  {
    clock: { signal, done },
    alarm,
    holding,
    kept,
    seen,
  }: { clock: Clock; alarm: Alarm; holding: Holding; kept: KeptConnection | undefined; seen: Seen },
) {
  const onRedirect = (location: string) => {
    seen.redirect = location;
  };
  const onRefusal = (text: string) => {
    seen.refusal = text;
  };
  const reading = { ...target, maxBytes: bytesOfCheck, onRedirect };
  const pinned = createPinnedFetch({ ...reading, signal });
  const late = endLateSessions(reading, signal);
  const reached: typeof pinned = async (input, init) => {
    const opens = transport === 'streamable-http' && opensSession(init?.body);
    const answer = await (opens ? late : pinned)(input, withoutPlaceholder(init));
    done('reach');
    if (!answer.ok)
      seen.refused = { status: answer.status, path: new URL(input).pathname, isPost: init?.method === 'POST' };
    return answer;
  };
  const fetch = readingFetch(reached, { limits: readingLimits, holding, onUnreadable: alarm.raise, onRefusal });
  if (transport === 'sse') return new SSEClientTransport(url, { fetch });
  return new StreamableHTTPClientTransport(url, {
    fetch,
    ...(kept?.session !== undefined && { sessionId: kept.session }),
    ...(kept?.version !== undefined && { protocolVersion: kept.version }),
  });
}

function opensSession(body: unknown): boolean {
  return typeof body === 'string' && (JSON.parse(body) as { method?: unknown }).method === 'initialize';
}

/** Closes the client and its transport. Never throws. */
export async function close(client: Client, transport: ReturnType<typeof createTransport>): Promise<void> {
  await client.close().catch(() => undefined);
  // The client does not know its transport before the handshake, and would leave that running.
  await transport.close().catch(() => undefined);
}
