import type { RequestListener, ServerResponse } from 'node:http';

/** One thing that a service needs, as it is at the moment. */
export interface Need {
  /** Whether the service is of use as it is. */
  met: boolean;
  /** How it is, for whoever runs it: no address, no secret. */
  state: string;
}

/** Looks at everything that a service needs, by name. May take a second. */
export type LookAtNeeds = () => Promise<Readonly<Record<string, Need>>>;

export interface ProbesOptions {
  needs?: LookAtNeeds | undefined;
  /** Whether the process has been told to stop: it still answers, and nobody new should be led to it. */
  stopping: () => boolean;
}

const waitMilliseconds = 1_000;

/**
 * Answers `/health/live` and `/health/ready` for whoever starts services and leads requests to them, and leaves the rest
 * to `listener`. Live: this process answers, always 200. Ready: 200 when all that it needs is there, otherwise 503, and
 * the JSON says what is missing. nginx leads nobody here.
 */
export function withProbes(listener: RequestListener, { needs, stopping }: ProbesOptions): RequestListener {
  return (req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return listener(req, res);
    if (req.url === '/health/live') return tell(res, 200, { status: 'alive' });
    if (req.url !== '/health/ready') return listener(req, res);
    // Looking never rejects: what cannot be looked at is not met.
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

/** The policy: without one no service starts, and a broken file never replaces a good one. So it is there in any case. */
export function policyNeed(faults: readonly string[]): Need {
  return { met: true, state: faults.length > 0 ? 'last good one in force; the file has faults' : 'in force' };
}

/**
 * A database.
 * @param ping asks it something; rejects when it cannot be asked
 * @param milliseconds how long it may take
 */
export async function storeNeed(ping: () => Promise<unknown>, milliseconds = waitMilliseconds): Promise<Need> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds).unref();
  });
  const answers = ping().then(
    () => true,
    () => false,
  );
  const met = await Promise.race([answers, late]);
  clearTimeout(timer);
  return { met, state: met ? 'answers' : 'does not answer' };
}
