import type { Account } from '../../common/answers/byte-gatherer.ts';
import { NoRoom } from '../../common/answers/held-bytes.ts';
import type { Transport } from '../servers/server.ts';
import { dropKept, type Entry, type Monitored } from './entry.ts';
import { limitsOf, type ProbeLimits } from './probe/clock.ts';
import { checksOfConnection, type KeptConnection } from './probe/kept-connection.ts';
import { type ProbeResult, probeServer } from './probe/mcp-probe.ts';

/** A bridge may start a process first, and install its packages. */
const usualSeconds = 30;

/** Checks over one transport, with what an earlier check has kept. If that fails, a whole check follows at once. */
export async function probeKept(
  { limits: usual, ca }: { limits?: ProbeLimits; ca?: string | undefined },
  server: Monitored,
  entry: Entry,
  to: {
    transport: Transport;
    addresses: readonly string[];
    headers: Readonly<Record<string, string>>;
    account: Account;
  },
): Promise<ProbeResult> {
  const own = server.health_seconds ? limitsOf(server.health_seconds) : undefined;
  const limits = own ?? usual ?? limitsOf(usualSeconds);
  const probe = (kept?: KeptConnection) =>
    probeServer(server, to.transport, to.addresses, limits, to.headers, to.account, { ca, kept, keep: true });
  if (to.transport === 'sse') return await probe();
  const { kept } = entry;
  if (kept && ++kept.checks < checksOfConnection) {
    const started = performance.now();
    const result = await probe(kept);
    const tookAll = performance.now() - started >= limits.answer;
    if ((result.status === 'healthy' && result.error === null) || result.cause instanceof NoRoom) return result;
    await dropKept(entry);
    // A second wait of the same length would tell nothing new.
    if (tookAll) return result;
  } else await dropKept(entry);
  const result = await probe();
  entry.kept = result.kept;
  return result;
}
