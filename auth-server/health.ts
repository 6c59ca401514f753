import type { RequestHandler } from 'express';

/** What the health answer looks at. */
export interface HealthSettings {
  registryUrl: string;
  relayUrl: string;
  /** Faults of the policy file as it stands; empty when it is in force. */
  policyFaults: () => readonly string[];
  /** The same of the file of upstream secrets, if there is one. */
  upstreamSecretFaults?: (() => readonly string[]) | undefined;
}

const timeoutMilliseconds = 1_000;

/**
 * `GET /health`: is the whole gateway up? nginx answers for itself when this service cannot be reached.
 * 200 when everything is, 503 when the relay or the registry is not. Says nothing that an outsider could use.
 */
export function createHealth(settings: HealthSettings): RequestHandler {
  const { registryUrl, relayUrl, policyFaults, upstreamSecretFaults } = settings;
  return async (_req, res) => {
    const [relay, registry] = await Promise.all([isUp(`${relayUrl}/health`), isUp(`${registryUrl}/health`)]);
    const word = (up: boolean) => (up ? 'up' : 'down');
    const body = {
      status: word(relay && registry),
      nginx: 'up',
      'auth-server': 'up',
      relay: word(relay),
      registry: word(registry),
      policy: policyFaults().length > 0 ? 'last good one in force; the file has faults' : 'in force',
      ...(upstreamSecretFaults && {
        'upstream-secrets':
          upstreamSecretFaults().length > 0 ? 'last good ones in force; the file has faults' : 'in force',
      }),
    };
    res
      .status(relay && registry ? 200 : 503)
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
