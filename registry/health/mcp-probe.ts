import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createPinnedFetch } from '../routing/pinned-fetch.ts';
import type { JsonObject } from '../servers/definition.ts';
import { boundedList, type ObservedServer } from '../servers/self-description.ts';
import type { ServerEntry, Transport } from '../servers/server.ts';
import type { Step, TransportCheck } from '../servers/server-health.ts';
import { toObservedTools } from '../servers/tool.ts';
import { explain } from './explain.ts';
import { readList } from './read-list.ts';

/** Time limits of a check, in milliseconds. */
export interface ProbeLimits {
  /** For the handshake and the first page of tools. */
  answer: number;
  /** For everything, including further pages. */
  whole: number;
}

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

const maxBytes = 4 * 1024 * 1024;
const maxText = 10_000;
const maxCapabilities = 65_536;

/**
 * Checks a server as an MCP client: a handshake of either era, then its lists (MCP 2026-07-28 and 2025-11-25). Connects
 * directly to the server's origin, not through the gateway. Never throws.
 * @param transport one of the server's transports
 * @param addresses the vetted `ip:port` addresses of the server
 * @param headers the gateway's credential for the server, as headers
 */
export async function probeServer(
  server: ServerEntry,
  transport: Transport,
  addresses: readonly string[],
  limits: ProbeLimits,
  headers: Readonly<Record<string, string>> = {},
): Promise<ProbeResult> {
  const clock = startClock(limits);
  const client = new Client({ name: 'mcp-gateway-registry', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const connection = createTransport(server, transport, { addresses, headers }, clock);
  try {
    await clock.race(client.connect(connection, { signal: clock.signal, timeout: limits.answer + 100 }));
    clock.done('handshake');
    const observed = await clock.race(observe(client, clock));
    return { transport, status: 'healthy', steps: clock.steps(), error: null, observed };
  } catch (error) {
    const { status, error: reason } = explain(error, clock.ranOut());
    const steps = clock.steps(reason);
    const spoke = steps[1]?.state === 'ok';
    const observed = spoke ? { ...about(client), ...noLists } : undefined;
    return {
      transport,
      status: spoke && status === 'unhealthy' ? 'degraded' : status,
      steps,
      error: reason,
      observed,
      cause: withoutCredential(error, headers),
    };
  } finally {
    await close(client, connection);
    clock.stop();
  }
}

type Clock = ReturnType<typeof startClock>;
const stepNames = ['reach', 'handshake', 'tools'] as const;

/** Measures each step, and aborts everything when the time is over. */
function startClock({ answer, whole }: ProbeLimits) {
  const controller = new AbortController();
  const started = performance.now();
  const times = new Map<Step['step'], number>();
  const skipped = new Map<Step['step'], string>();
  let limit = answer;
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  const abort = () => {
    const reason = new Error('the time is over');
    controller.abort(reason);
    over.reject(reason);
  };
  let timer = setTimeout(abort, limit);
  const since = () => Math.round(performance.now() - started);
  return {
    signal: controller.signal,
    ranOut: () => (controller.signal.aborted ? limit / 1000 : undefined),
    done(step: Step['step']): void {
      if (!times.has(step)) times.set(step, since());
    },
    skip: (step: Step['step'], reason: string) => void skipped.set(step, reason),
    /** The server answers: switches to the limit for all pages. */
    extend(): void {
      clearTimeout(timer);
      limit = whole;
      timer = setTimeout(abort, Math.max(0, whole - since()));
    },
    /** The client does not abort all of its requests when the time is over. */
    race: <T>(work: Promise<T>): Promise<T> => Promise.race([work, over.promise]),
    stop: () => clearTimeout(timer),
    /** @param failure reason of the first step that did not finish */
    steps(failure: string | null = null): Step[] {
      let before = 0;
      let failed = false;
      return stepNames.map((step): Step => {
        const left = skipped.get(step);
        if (left !== undefined) return { step, state: 'skipped', reason: left, ms: 0 };
        const at = times.get(step);
        if (at === undefined && failed) return { step, state: 'skipped', reason: null, ms: 0 };
        const ms = Math.max(0, (at ?? since()) - before);
        before += ms;
        failed ||= at === undefined;
        return { step, state: at === undefined ? 'failed' : 'ok', reason: at === undefined ? failure : null, ms };
      });
    },
  };
}

const noLists = { tools: null, prompts: null, resources: null, resourceTemplates: null };

async function observe(client: Client, clock: Clock): Promise<ObservedServer> {
  const { signal } = clock;
  const { tools: hasTools, prompts: hasPrompts, resources: hasResources } = client.getServerCapabilities() ?? {};
  const read = (method: string, field: string, key: string) =>
    readList(client, method, field, key, signal, clock.extend);
  if (!hasTools) clock.skip('tools', 'It announces no tools.');
  const tools = hasTools ? toObservedTools(await read('tools/list', 'tools', 'name')) : [];
  clock.done('tools');
  // Lists that are only displayed must not make a server count as broken.
  const optional = async (has: unknown, method: string, field: string, key: string): Promise<JsonObject[] | null> =>
    has ? await read(method, field, key).then(boundedList, () => null) : [];
  return {
    ...about(client),
    tools,
    prompts: await optional(hasPrompts, 'prompts/list', 'prompts', 'name'),
    resources: await optional(hasResources, 'resources/list', 'resources', 'uri'),
    resourceTemplates: await optional(hasResources, 'resources/templates/list', 'resourceTemplates', 'uriTemplate'),
  };
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
  { signal, done }: Clock,
) {
  const pinned = createPinnedFetch({ origin: server.upstream, ...to, maxBytes, signal });
  const fetch: typeof pinned = async (...request) => {
    const answer = await pinned(...request);
    done('reach');
    return answer;
  };
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
}
