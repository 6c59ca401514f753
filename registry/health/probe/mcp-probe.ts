import { Client } from '@modelcontextprotocol/client';
import type { Account } from '../../../common/answers/byte-gatherer.ts';
import { NoRoom } from '../../../common/answers/held-bytes.ts';
import { UnreadableAnswer } from '../../../common/answers/limits.ts';
import { negotiationOver } from '../../../common/network/negotiation.ts';
import { startHolding } from '../../routing/holding.ts';
import type { JsonObject } from '../../servers/definition.ts';
import { boundedList, type ObservedServer } from '../../servers/self-description.ts';
import type { ServerEntry, Transport } from '../../servers/server.ts';
import type { TransportCheck } from '../../servers/server-health.ts';
import { observeTools } from '../../servers/tool.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import { close, createTransport } from './check-transport.ts';
import { type Clock, type ProbeLimits, startClock } from './clock.ts';
import { explain, type Seen } from './explain.ts';
import { type Introduction, introductionOf } from './introduction.ts';
import { about, endOpened, type KeptConnection, keepConnection, priorOf } from './kept-connection.ts';
import { readList } from './read-list.ts';

/** The result of a check over one transport. */
export interface ProbeResult extends TransportCheck {
  /** The reason of the first failed step. */
  error: string | null;
  /** The server's answers, if the handshake succeeded. */
  observed: ObservedServer | undefined;
  /** What the server says of itself besides, if the handshake succeeded. */
  introduction?: Introduction | undefined;
  /** The underlying error, for the log. */
  cause?: unknown;
  /** What the next check needs to ask for the tools only; undefined if it must begin with the handshake. */
  kept?: KeptConnection | undefined;
}

/** What a check may use and leave behind. */
export interface ProbeOptions {
  /** CA certificates in PEM that verify the server. */
  ca?: string | undefined;
  /** What an earlier check has kept. */
  kept?: KeptConnection | undefined;
  /** Keeps the session for the next check, instead of ending it. */
  keep?: boolean | undefined;
}

/**
 * Checks a server as an MCP client: a handshake of either era, then its lists (MCP 2026-07-28 and 2025-11-25). With what an
 * earlier check has kept, it asks for the tools only. Connects directly to the server's origin, not through the gateway.
 * Never throws.
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
  { ca, kept, keep = false }: ProbeOptions = {},
): Promise<ProbeResult> {
  const clock = startClock(limits);
  const alarm = createAlarm();
  const holding = startHolding(account);
  const mode = kept?.session === undefined ? negotiationOver(transport) : 'legacy';
  const client = new Client({ name: 'mcp-gateway-registry', version: '1' }, { versionNegotiation: { mode } });
  const target = { origin: server.upstream, host: server.host_header ?? undefined, addresses, headers, ca };
  const url = new URL(server.transports[transport] ?? '/', server.upstream);
  const seen: Seen = { server, transport, hasCredential: Object.keys(headers).length > 0 };
  const connection = createTransport(url, transport, target, { clock, alarm, holding, kept, seen });
  let next: KeptConnection | undefined;
  try {
    const options = { signal: clock.signal, timeout: limits.answer + 100, ...priorOf(kept) };
    await clock.race(alarm.watch(client.connect(connection, options)));
    if (kept) clock.skip('handshake', 'An earlier check has made it.');
    else clock.done('handshake');
    const observed = await clock.race(kept ? observeAgain(client, kept, clock, alarm) : observe(client, clock, alarm));
    const unreadable = alarm.raised();
    const error = unreadable ? explain(unreadable, undefined, seen).error : null;
    if (keep && !unreadable) next = kept ?? keepConnection(client, connection, target, url);
    const introduction = introductionOf(client);
    const outcome = { transport, status: 'healthy', steps: clock.steps(), error, observed } as const;
    return { ...outcome, introduction, cause: unreadable, kept: next };
  } catch (thrown) {
    return failureOf(alarm.raised() ?? thrown, { transport, client, clock, headers, seen });
  } finally {
    await close(client, connection);
    clock.stop();
    holding.release();
    if (!next && !kept) await endOpened(connection, target, url);
  }
}

function failureOf(
  error: unknown,
  of: { transport: Transport; client: Client; clock: Clock; headers: Readonly<Record<string, string>>; seen: Seen },
): ProbeResult {
  const { status, error: reason } = explain(error, of.clock.ranOut(), of.seen);
  if (status === 'wants-accounts') return reachedOnly(of, reason);
  const steps = of.clock.steps(reason);
  const spoke = steps[1]?.state === 'ok';
  return {
    transport: of.transport,
    status: spoke && status === 'unhealthy' ? 'degraded' : status,
    steps,
    error: reason,
    observed: spoke ? { ...about(of.client), ...noLists } : undefined,
    introduction: spoke ? introductionOf(of.client) : undefined,
    cause: error instanceof NoRoom ? error : withoutCredential(error, of.headers),
  };
}

/** The server does what it should: it lets in people only, and the registry is none. */
function reachedOnly({ transport, clock }: { transport: Transport; clock: Clock }, reason: string): ProbeResult {
  clock.skip('handshake', reason);
  clock.skip('tools', 'A check without a credential cannot read them.');
  return { transport, status: 'healthy', steps: clock.steps(), error: null, observed: undefined };
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

/** Reads the tools only. The other lists, and what the server says about itself, keep their last value. */
async function observeAgain(
  client: Client,
  { about: known }: KeptConnection,
  clock: Clock,
  alarm: Alarm,
): Promise<ObservedServer> {
  const listed = await alarm.watch(readList(client, 'tools/list', 'tools', 'name', clock.signal, clock.extend));
  const tools = await observeTools(listed);
  clock.done('tools');
  return { ...known, ...noLists, tools };
}

/** Removes the gateway's credential from an error, in case the server quoted it, so that it never reaches the log. */
function withoutCredential(error: unknown, headers: Readonly<Record<string, string>>): unknown {
  const secrets = Object.values(headers).flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)]);
  if (secrets.length === 0) return error;
  return secrets.reduce((text, secret) => text.replaceAll(secret, '(credential)'), String(error));
}
