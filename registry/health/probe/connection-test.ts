import { HeldBytes } from '../../../common/answers/held-bytes.ts';
import type { CredentialProblem, UpstreamAuth } from '../../routing/upstream-auth.ts';
import type { Upstream } from '../../routing/upstreams.ts';
import type { SelfDescription } from '../../servers/self-description.ts';
import { accountOf, type ServerEntry, secretOf, transportsOf } from '../../servers/server.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { claimedIssuer } from './claimed-issuer.ts';
import type { ProbeLimits } from './clock.ts';
import type { Introduction } from './introduction.ts';
import { connectionTestsAtOnce, heldByTests } from './limits.ts';
import { type ProbeResult, probeServer } from './mcp-probe.ts';

/** The result of a connection test, before anything is stored. */
export interface ConnectionReport {
  ok: boolean;
  /** Why the gateway may not connect, or lacks the secret. Then nothing else was tried. */
  problem: { field: 'upstream' | CredentialProblem['field']; reason: string } | undefined;
  /** By transport. */
  checks: readonly Pick<ProbeResult, 'transport' | 'status' | 'steps' | 'error'>[];
  /** What the server says of itself, with the numbers of its prompts and resources. */
  server: AnsweringServer | undefined;
  tools: readonly ToolInfo[];
  /** Set if it wants each person's own account: the issuer that it claims for them, which may be anyone's. */
  accounts: { claimed: string | null } | undefined;
}

export type AnsweringServer = Pick<SelfDescription, 'name' | 'title' | 'version' | 'protocolVersion' | 'instructions'> &
  Introduction & { prompts: number; resources: number };

/** Tests a connection. Returns undefined when too many tests are running. */
export type ConnectionTest = (server: ServerEntry) => Promise<ConnectionReport | undefined>;

interface ConnectionTestOptions {
  /** Resolves and checks the upstream's addresses. */
  find: (server: ServerEntry) => Promise<Upstream>;
  upstreamAuth: Pick<UpstreamAuth, 'problem' | 'headersFor'>;
  limits?: ProbeLimits;
  /** CA certificates in PEM that verify upstreams; undefined for the system's. */
  ca?: string | undefined;
  /** How many tests may run at once. */
  atOnce?: number;
}

/** nginx waits 30 s for the answer, of which five may go into resolving the name. */
const testLimits: ProbeLimits = { answer: 22_000, whole: 24_000 };

/** Makes the test: the handshake of the health check, over the same vetted addresses. */
export function createConnectionTest(options: ConnectionTestOptions): ConnectionTest {
  const { atOnce = connectionTestsAtOnce } = options;
  const held = new HeldBytes(heldByTests);
  let running = 0;
  return async (server) => {
    if (running >= atOnce) return undefined;
    running++;
    try {
      return await connect(options, held, server);
    } finally {
      running--;
    }
  };
}

async function connect(
  options: ConnectionTestOptions,
  held: HeldBytes,
  server: ServerEntry,
): Promise<ConnectionReport> {
  const { find, upstreamAuth, limits = testLimits, ca } = options;
  const nothing = { ok: false, checks: [], server: undefined, tools: [], accounts: undefined };
  const credentialProblem = upstreamAuth.problem(server);
  if (credentialProblem) return { ...nothing, problem: credentialProblem };
  const { addresses, problem } = await find(server);
  if (addresses.length === 0)
    return { ...nothing, problem: { field: 'upstream', reason: problem ?? 'It has no address.' } };
  const headers = upstreamAuth.headersFor(server);
  const account = held.accountOf(server.name);
  const results = await Promise.all(
    transportsOf(server).map((transport) =>
      probeServer(server, transport, addresses, limits, headers, account, { ca }),
    ),
  );
  const self = results.find(({ observed }) => observed !== undefined);
  const tools = results.find(({ observed }) => observed?.tools)?.observed?.tools ?? [];
  return {
    ok: results.every(({ status }) => status === 'healthy'),
    problem: undefined,
    checks: results.map(({ transport, status, steps, error }) => ({ transport, status, steps, error })),
    server: self && answering(self),
    tools: tools.map(({ info }) => info),
    accounts: await accountsAt(server, results, { origin: server.upstream, addresses, ca }),
  };
}

/** Whether a server that was asked without a credential refused that because it serves people with accounts. */
async function accountsAt(
  server: ServerEntry,
  results: readonly ProbeResult[],
  target: { origin: string; addresses: readonly string[]; ca: string | undefined },
): Promise<ConnectionReport['accounts']> {
  if (secretOf(server) !== undefined) return undefined;
  const refused = results.find(
    ({ status, observed }) => status === 'needs-authentication' || (status === 'healthy' && !observed),
  );
  if (!refused) return undefined;
  const host = server.host_header ?? undefined;
  const claimed = await claimedIssuer({ ...target, host }, server.transports[refused.transport] ?? '/');
  if (claimed) return { claimed: claimed.issuer };
  return accountOf(server) === undefined ? undefined : { claimed: null };
}

function answering({ observed, introduction }: ProbeResult): AnsweringServer | undefined {
  if (!observed) return undefined;
  const { name, title, version, protocolVersion, instructions, prompts, resources, resourceTemplates } = observed;
  const { description = null, icons = [] } = introduction ?? {};
  const counts = {
    prompts: prompts?.length ?? 0,
    resources: (resources?.length ?? 0) + (resourceTemplates?.length ?? 0),
  };
  return { name, title, version, protocolVersion, instructions, description, icons, ...counts };
}
