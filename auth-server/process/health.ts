import type { RequestHandler } from 'express';

/** What the health answer looks at. */
export interface HealthSettings {
  registryUrl: string;
  relayUrl: string;
  /** Faults of the policy file as it stands; empty when it is in force. */
  policyFaults: () => readonly string[];
  /** The same of the file of upstream secrets, if there is one. */
  upstreamSecretFaults?: (() => readonly string[]) | undefined;
  /** Whether this process has been told to stop: it still answers, and nobody new should be led to it. */
  stopping?: () => boolean;
}

const timeoutMilliseconds = 1_000;

/**
 * `GET /health`: is the whole gateway up? nginx answers for itself when this service cannot be reached.
 * 200 when everything is, 503 when the relay or the registry is not, or this process is about to stop. Says nothing that an outsider could use.
 */
export function createHealth(settings: HealthSettings): RequestHandler {
  const { registryUrl, relayUrl, policyFaults, upstreamSecretFaults, stopping = () => false } = settings;
  return async (_req, res) => {
    const [relay, registry] = await Promise.all([isUp(`${relayUrl}/health`), isUp(`${registryUrl}/health`)]);
    const well = relay && registry && !stopping();
    const word = (up: boolean) => (up ? 'up' : 'down');
    const body = {
      status: word(well),
      nginx: 'up',
      'auth-server': stopping() ? 'stopping' : 'up',
      relay: word(relay),
      registry: word(registry),
      policy: policyFaults().length > 0 ? 'last good one in force; the file has faults' : 'in force',
      ...(upstreamSecretFaults && {
        'upstream-secrets':
          upstreamSecretFaults().length > 0 ? 'last good ones in force; the file has faults' : 'in force',
      }),
    };
    res
      .status(well ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(body);
  };
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(timeoutMilliseconds) })).ok;
  } catch {
    return false;
  }
}
