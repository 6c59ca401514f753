import type { RequestHandler } from 'express';

/** What the health answer looks at. */
export interface HealthSettings {
  registryUrl: string;
  /** Faults of the policy file as it stands; empty when it is in force. */
  policyFaults: () => readonly string[];
}

const registryTimeoutMilliseconds = 1_000;

/**
 * `GET /health`: is the whole gateway up? nginx answers for itself when this service cannot be reached.
 * 200 when everything is, 503 when the registry is not. Says nothing that an outsider could use.
 */
export function createHealth({ registryUrl, policyFaults }: HealthSettings): RequestHandler {
  return async (_req, res) => {
    const registry = await isUp(`${registryUrl}/health`);
    const body = {
      status: registry ? 'up' : 'down',
      nginx: 'up',
      'auth-server': 'up',
      registry: registry ? 'up' : 'down',
      policy: policyFaults().length > 0 ? 'last good one in force; the file has faults' : 'in force',
    };
    res
      .status(registry ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(body);
  };
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(registryTimeoutMilliseconds) })).ok;
  } catch {
    return false;
  }
}
