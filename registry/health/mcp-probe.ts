import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Account } from '../../common/answers/byte-gatherer.ts';
import { NoRoom } from '../../common/answers/held-bytes.ts';
import { UnreadableAnswer } from '../../common/answers/limits.ts';
import { type Holding, startHolding } from '../routing/holding.ts';
import { createPinnedFetch } from '../routing/pinned-fetch.ts';
import { readingFetch } from '../routing/read-answers.ts';
import type { JsonObject } from '../servers/definition.ts';
import { boundedList, type ObservedServer } from '../servers/self-description.ts';
import type { ServerEntry, Transport } from '../servers/server.ts';
import type { TransportCheck } from '../servers/server-health.ts';
import { observeTools } from '../servers/tool.ts';
import { type Clock, type ProbeLimits, startClock } from './clock.ts';
import { explain, type Seen } from './explain.ts';
import { bytesOfCheck, readingLimits } from './limits.ts';
import { readList } from './read-list.ts';

export const usualLimits: ProbeLimits = { answer: 3_000, whole: 10_000 };

/** The result of a check over one transport. */
export interface ProbeResult extends TransportCheck {
  /** The reason of the first failed step. */
  error: string | null;
  /** The server's answers, if the handshake succeeded. */
  observed: ObservedServer | undefined;
  /** The underlying error, for the log. */
  cause?: unknown;
}

const maxText = 10_000;
const maxCapabilities = 65_536;

/**
 * Checks a server as an MCP client: a handshake of either era, then its lists (MCP 2026-07-28 and 2025-11-25). Connects
 * directly to the server's origin, not through the gateway. Never throws.
 * @param transport one of the server's transports
 * @param addresses the vetted `ip:port` addresses of the server
 * @param headers the gateway's credential for the server, as headers
 * @param account counts the memory that the check holds
 */
export async function probeServer(
  server: ServerEntry,
  transport: Transport,
  addresses: readonly string[],
  limits: ProbeLimits,
  headers: Readonly<Record<string, string>> = {},
  account?: Account,
): Promise<ProbeResult> {
  const clock = startClock(limits);
  const alarm = createAlarm();
  const holding = startHolding(account);
  const client = new Client({ name: 'mcp-gateway-registry', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const seen: Seen = { server, transport, hasCredential: Object.keys(headers).length > 0 };
  const connection = createTransport(server, transport, { addresses, headers }, { clock, alarm, holding, seen });
  try {
    const { signal } = clock;
    await clock.race(alarm.watch(client.connect(connection, { signal, timeout: limits.answer + 100 })));
    clock.done('handshake');
    const observed = await clock.race(observe(client, clock, alarm));
    const unreadable = alarm.raised();
    const error = unreadable ? explain(unreadable, undefined, seen).error : null;
    return { transport, status: 'healthy', steps: clock.steps(), error, observed, cause: unreadable };
  } catch (thrown) {
    const error = alarm.raised() ?? thrown;
    const { status, error: reason } = explain(error, clock.ranOut(), seen);
    const steps = clock.steps(reason);
    const spoke = steps[1]?.state === 'ok';
    const observed = spoke ? { ...about(client), ...noLists } : undefined;
    return {
      transport,
      status: spoke && status === 'unhealthy' ? 'degraded' : status,
      steps,
      error: reason,
      observed,
      cause: error instanceof NoRoom ? error : withoutCredential(error, headers),
    };
  } finally {
    await close(client, connection);
    clock.stop();
    holding.release();
  }
}

type Alarm = ReturnType<typeof createAlarm>;

/** Ends what the client does when an answer cannot be read: over an event stream it would only wait. */
function createAlarm() {
  let first: Error | undefined;
  let ring = Promise.withResolvers<never>();
  return {
    raise(error: Error): void {
      first ??= error;
      ring.reject(error);
    },
    /** The first answer that could not be read. */
    raised: () => first,
    watch<T>(work: Promise<T>): Promise<T> {
      ring = Promise.withResolvers<never>();
      ring.promise.catch(() => undefined);
      return Promise.race([work, ring.promise]);
    },
  };
}

const noLists = { tools: null, prompts: null, resources: null, resourceTemplates: null };

async function observe(client: Client, clock: Clock, alarm: Alarm): Promise<ObservedServer> {
  const { signal } = clock;
  const { tools: hasTools, prompts: hasPrompts, resources: hasResources } = client.getServerCapabilities() ?? {};
  const read = (method: string, field: string, key: string) =>
    alarm.watch(readList(client, method, field, key, signal, clock.extend));
  if (!hasTools) clock.skip('tools', 'It announces no tools.');
  const tools = hasTools ? await observeTools(await read('tools/list', 'tools', 'name')) : [];
  clock.done('tools');
  // Lists that are only displayed must not make a server count as broken.
  const optional = async (has: unknown, method: string, field: string, key: string): Promise<JsonObject[] | null> =>
    has ? await read(method, field, key).then(boundedList, (error: unknown) => noted(error, alarm)) : [];
  return {
    ...about(client),
    tools,
    prompts: await optional(hasPrompts, 'prompts/list', 'prompts', 'name'),
    resources: await optional(hasResources, 'resources/list', 'resources', 'uri'),
    resourceTemplates: await optional(hasResources, 'resources/templates/list', 'resourceTemplates', 'uriTemplate'),
  };
}

/** A list that is only displayed: the check goes on, and says what was wrong. */
function noted(error: unknown, alarm: Alarm): null {
  if (error instanceof UnreadableAnswer) alarm.raise(error);
  return null;
}

function about(client: Client) {
  const { name = null, title = null, version = null } = client.getServerVersion() ?? {};
  const capabilities: JsonObject = { ...client.getServerCapabilities() };
  const cut = (text: string | null | undefined, most: number) => text?.slice(0, most) ?? null;
  return {
    name: cut(name, 256),
    title: cut(title, 256),
    version: cut(version, 256),
    protocolVersion: cut(client.getNegotiatedProtocolVersion(), 64),
    era: cut(client.getProtocolEra(), 64),
    instructions: cut(client.getInstructions(), maxText),
    capabilities: JSON.stringify(capabilities).length > maxCapabilities ? {} : capabilities,
  };
}

function createTransport(
  server: ServerEntry,
  transport: Transport,
  to: { addresses: readonly string[]; headers: Readonly<Record<string, string>> },
  { clock: { signal, done }, alarm, holding, seen }: { clock: Clock; alarm: Alarm; holding: Holding; seen: Seen },
) {
  const onRedirect = (location: string) => {
    seen.redirect = location;
  };
  const onRefusal = (text: string) => {
    seen.refusal = text;
  };
  const pinned = createPinnedFetch({ origin: server.upstream, ...to, maxBytes: bytesOfCheck, onRedirect, signal });
  const reached: typeof pinned = async (url, init) => {
    const answer = await pinned(url, init);
    done('reach');
    if (!answer.ok)
      seen.refused = { status: answer.status, path: new URL(url).pathname, isPost: init?.method === 'POST' };
    return answer;
  };
  const fetch = readingFetch(reached, { limits: readingLimits, holding, onUnreadable: alarm.raise, onRefusal });
  const path = server.transports[transport] ?? '/';
  return transport === 'sse'
    ? new SSEClientTransport(new URL(path, server.upstream), { fetch })
    : new StreamableHTTPClientTransport(new URL(path, server.upstream), { fetch });
}

/** Removes the gateway's credential from an error, in case the server quoted it, so that it never reaches the log. */
function withoutCredential(error: unknown, headers: Readonly<Record<string, string>>): unknown {
  const secrets = Object.values(headers).flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)]);
  if (secrets.length === 0) return error;
  return secrets.reduce((text, secret) => text.replaceAll(secret, '(credential)'), String(error));
}

async function close(client: Client, transport: ReturnType<typeof createTransport>): Promise<void> {
  // Otherwise a server with sessions would keep one more after each check.
  if (transport instanceof StreamableHTTPClientTransport && transport.sessionId)
    await transport.terminateSession().catch(() => undefined);
  await client.close().catch(() => undefined);
  // The client does not know its transport before the handshake, and would leave that running.
  await transport.close().catch(() => undefined);
}
