import type { RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** The current state of one thing that a service needs. */
export interface Need {
  /** Whether the service can work with it as it is. */
  met: boolean;
  /** A description for the operator, without addresses and secrets. */
  state: string;
}

/** Checks everything that a service needs, by name. May take a second. */
export type LookAtNeeds = () => Promise<Readonly<Record<string, Need>>>;

const waitMilliseconds = 1_000;

/**
 * Answers `/health/live` and `/health/ready` for orchestrators and load balancers, and passes other requests to `listener`.
 * Live: always 200, because this process answers. Ready: 200 when every need is met, otherwise 503; the JSON names the
 * state of each need. nginx does not route to these paths.
 * @param stopping whether the process is to stop: it still answers, but should get no new clients
 */
export function withProbes(
  listener: RequestListener,
  { needs, stopping }: { needs?: LookAtNeeds | undefined; stopping: () => boolean },
): RequestListener {
  return (req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return listener(req, res);
    if (req.url === '/health/live') return tell(res, 200, { status: 'alive' });
    if (req.url !== '/health/ready') return listener(req, res);
    // look() never rejects: a need that cannot be checked is not met.
    return void look(needs).then((found) => {
      const states = Object.fromEntries(Object.entries(found).map(([name, { state }]) => [name, state]));
      if (stopping()) return tell(res, 503, { status: 'stopping', ...states });
      const ready = Object.values(found).every(({ met }) => met);
      tell(res, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', ...states });
    });
  };
}

async function look(needs: LookAtNeeds | undefined): Promise<Readonly<Record<string, Need>>> {
  try {
    return (await needs?.()) ?? {};
  } catch {
    return { service: { met: false, state: 'cannot say how it is' } };
  }
}

function tell(res: ServerResponse, status: number, body: Readonly<Record<string, string>>): void {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}

/**
 * The policy. A broken one never replaces a good one.
 * @param faults of the newest text; empty if it is in force
 * @param isThere false while a service waits for its first policy
 */
export function policyNeed(faults: readonly string[], isThere = true): Need {
  if (!isThere) return { met: false, state: 'not there: the auth-server gives it' };
  return { met: true, state: faults.length > 0 ? 'last good one in force; the file has faults' : 'in force' };
}

/**
 * A database.
 * @param ping sends it a query; rejects if that fails
 * @param milliseconds how long the query may take
 */
export async function storeNeed(ping: () => Promise<unknown>, milliseconds = waitMilliseconds): Promise<Need> {
  const answers = ping().then(
    () => true,
    () => false,
  );
  const met = await Promise.race([answers, sleep(milliseconds, false, { ref: false })]);
  return { met, state: met ? 'answers' : 'does not answer' };
}
