import type { RequestHandler } from 'express';

/** What `/health` reports on. */
export interface HealthSettings {
  registryUrl: string;
  relayUrl: string;
  /** Faults of the current policy file; empty if it is in force. */
  policyFaults: () => readonly string[];
  /** The same for the file of upstream secrets, if there is one. */
  upstreamSecretFaults?: (() => readonly string[]) | undefined;
  /** How the counts of limits are shared; undefined while the policy has no limits. */
  callLimits?: { state(): 'shared' | 'alone' | undefined };
  /** Whether this process is about to stop: it still answers, but should get no new clients. */
  stopping?: () => boolean;
}

/**
 * `GET /health`: whether the whole gateway is up. 200 if it is; 503 if the relay or the registry is down, or this process
 * is about to stop. nginx itself answers if this service cannot be reached. Discloses nothing of use to an outsider.
 */
export function createHealth(settings: HealthSettings): RequestHandler {
  const { registryUrl, relayUrl, policyFaults, upstreamSecretFaults, callLimits, stopping = () => false } = settings;
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
      ...limitsIn(callLimits?.state()),
    };
    res.set('Cache-Control', 'no-store').status(well ? 200 : 503);
    res.json(body);
  };
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

function limitsIn(state: 'shared' | 'alone' | undefined) {
  if (state === undefined) return {};
  return {
    limits: state === 'shared' ? 'counted together' : 'each process counts alone; the database does not answer',
  };
}
