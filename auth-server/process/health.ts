import type { RequestHandler } from 'express';
import { policyHeader, versionHeader } from '../../common/policy/policy-source.ts';
import type { Logger } from '../../common/service/log.ts';
import { createVersionCheck } from './versions.ts';

/** What `/health` reports on. */
export interface HealthSettings {
  registryUrl: string;
  relayUrl: string;
  /** Faults of the current policy file; empty if it is in force. */
  policyFaults: () => readonly string[];
  policyVersion: () => string;
  /** The same for the file of upstream secrets, if there is one. */
  upstreamSecretFaults?: (() => readonly string[]) | undefined;
  /** How the counts of limits are shared; undefined while the policy has no limits. */
  callLimits?: { state(): 'shared' | 'alone' | undefined };
  /** Whether this process is about to stop: it still answers, but should get no new clients. */
  stopping?: () => boolean;
  log: Pick<Logger, 'warn'>;
}

/**
 * `GET /health`: whether the whole gateway is up. 200 if it is; 503 if the relay or the registry is down, or this process
 * is about to stop. nginx itself answers if this service cannot be reached. Discloses nothing of use to an outsider: a
 * version of the policy is a digest.
 */
export function createHealth(settings: HealthSettings): RequestHandler {
  const { registryUrl, relayUrl, policyFaults, policyVersion, upstreamSecretFaults, callLimits } = settings;
  const { stopping = () => false } = settings;
  const compare = createVersionCheck(settings.log);
  return async (req, res) => {
    const [relay, registry] = await Promise.all([look(`${relayUrl}/health`), look(`${registryUrl}/health`)]);
    const well = relay.up && registry.up && !stopping();
    const word = (up: boolean) => (up ? 'up' : 'down');
    const body = {
      status: word(well),
      nginx: 'up',
      'auth-server': stopping() ? 'stopping' : 'up',
      relay: word(relay.up),
      registry: word(registry.up),
      policy: policyFaults().length > 0 ? 'last good one in force; the file has faults' : 'in force',
      'policy-version': versionsIn({ 'auth-server': policyVersion(), relay: relay.policy, registry: registry.policy }),
      versions: compare({
        // An nginx of the operator's own does not name one.
        ...(req.get(versionHeader) !== undefined && { nginx: req.get(versionHeader) }),
        ...(relay.up && { relay: relay.version }),
        ...(registry.up && { registry: registry.version }),
      }),
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

/** Whether a service is up, and its policy in force and its version as its headers say. */
async function look(url: string): Promise<{ up: boolean; policy: string; version?: string | undefined }> {
  try {
    const { ok, headers } = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    return { up: ok, policy: versionIn(headers.get(policyHeader)), version: headers.get(versionHeader) ?? undefined };
  } catch {
    return { up: false, policy: 'unknown' };
  }
}

/** The one version by which all judge, or that of each. Programs of older releases take texts only. */
function versionsIn(services: Readonly<Record<string, string>>): string {
  const [first = '', ...others] = new Set(Object.values(services));
  if (others.length === 0) return first;
  return Object.entries(services)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

/** Only what a version looks like: the answer goes to everyone. */
function versionIn(header: string | null): string {
  return header !== null && /^[0-9a-f]{12}(\+\d+)?$/.test(header) ? header : 'unknown';
}

function limitsIn(state: 'shared' | 'alone' | undefined) {
  if (state === undefined) return {};
  return {
    limits: state === 'shared' ? 'counted together' : 'each process counts alone; the database does not answer',
  };
}
