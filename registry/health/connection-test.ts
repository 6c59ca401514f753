import type { UpstreamAuth } from '../routing/upstream-auth.ts';
import type { Upstream } from '../routing/upstreams.ts';
import { type ServerEntry, transportsOf } from '../servers/server.ts';
import type { ToolInfo } from '../servers/tool.ts';
import { type ProbeLimits, type ProbeResult, probeServer } from './mcp-probe.ts';

/** What a server said of itself. */
export interface SaidOfItself {
  name: string | null;
  version: string | null;
  protocolVersion: string | null;
}

/** What came of trying a connection, before anything is kept. */
export interface ConnectionReport {
  ok: boolean;
  /** Why the gateway may not go there at all, or has not the secret; nothing else was tried then. */
  problem: { field: 'upstream' | 'secret'; reason: string } | undefined;
  /** By transport. */
  checks: readonly Pick<ProbeResult, 'transport' | 'status' | 'steps' | 'error'>[];
  server: SaidOfItself | undefined;
  tools: readonly ToolInfo[];
}

/** Tries a connection; undefined when so many are being tried that this one has to wait for another time. */
export type ConnectionTest = (server: ServerEntry) => Promise<ConnectionReport | undefined>;

export interface ConnectionTestOptions {
  /** Resolves and vets. */
  find: (server: ServerEntry) => Promise<Upstream>;
  upstreamAuth: UpstreamAuth;
  /** As for the health checks; nginx waits for 30 s. */
  limits?: ProbeLimits;
  /** How many at once: each may keep up to 4 MB and ten seconds. */
  atOnce?: number;
}

/** Makes the test: the same handshake as the health check's, through the same vetted addresses. */
export function createConnectionTest(options: ConnectionTestOptions): ConnectionTest {
  const { atOnce = 8 } = options;
  let running = 0;
  return async (server) => {
    if (running >= atOnce) return undefined;
    running++;
    try {
      return await connect(options, server);
    } finally {
      running--;
    }
  };
}

async function connect(options: ConnectionTestOptions, server: ServerEntry): Promise<ConnectionReport> {
  const { find, upstreamAuth, limits = { answer: 3_000, whole: 10_000 } } = options;
  const nothing = { ok: false, checks: [], server: undefined, tools: [] };
  const secretProblem = upstreamAuth.problem(server);
  if (secretProblem) return { ...nothing, problem: { field: 'secret', reason: secretProblem } };
  const { addresses, problem } = await find(server);
  if (addresses.length === 0)
    return { ...nothing, problem: { field: 'upstream', reason: problem ?? 'It has no address.' } };
  const headers = upstreamAuth.headersFor(server);
  const results = await Promise.all(
    transportsOf(server).map((transport) => probeServer(server, transport, addresses, limits, headers)),
  );
  const seen = results.find(({ observed }) => observed !== undefined)?.observed;
  const tools = results.find(({ observed }) => observed?.tools)?.observed?.tools ?? [];
  return {
    ok: results.every(({ status }) => status === 'healthy'),
    problem: undefined,
    checks: results.map(({ transport, status, steps, error }) => ({ transport, status, steps, error })),
    server: seen && { name: seen.name, version: seen.version, protocolVersion: seen.protocolVersion },
    tools: tools.map(({ info }) => info),
  };
}
