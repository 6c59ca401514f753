import * as z from 'zod';
import { type Ask, jsonOf, reasonOf } from '../ask.ts';
import { type Finding, fail, ok, shown, warn } from '../finding.ts';

const healthSchema = z.record(z.string(), z.string());

/**
 * Does the gateway answer at its public address, are all its parts up, and does it ask who is calling?
 * @returns with `up`: whether a gateway answered at all
 */
export async function checkGateway(publicUrl: string, ask: Ask): Promise<{ findings: Finding[]; up: boolean }> {
  try {
    const response = await ask(`${publicUrl}/health`);
    const health = healthSchema.safeParse(await jsonOf(response));
    if (!health.success || !('auth-server' in health.data))
      return { findings: [stranger(publicUrl, response)], up: false };
    const parts = Object.entries(health.data).map(([name, state]) => `${name} ${state}`);
    const down = parts.filter((part) => part.endsWith(' down') && !part.startsWith('status'));
    const seen = `${publicUrl}/health says: ${shown(parts.join(', '))}`;
    const suspects = down.map((part) => part.split(' ')[0]).join(', ') || 'the auth-server';
    const finding = response.ok ? ok('gateway', seen) : fail('gateway', seen, `look at the log of ${suspects}`);
    return { findings: [finding, ...checkVersions(health.data), await checkGate(publicUrl, ask)], up: true };
  } catch (error) {
    const seen = `${publicUrl} cannot be reached: ${reasonOf(error)}`;
    return { findings: [fail('gateway', seen, 'start it (npm run up), or correct REGISTRY_URL')], up: false };
  }
}

/** Whether all parts of the gateway have one version. Older gateways do not say it. */
function checkVersions({ versions }: Readonly<Record<string, string>>): Finding[] {
  if (versions === undefined || versions === 'the same') return [];
  const todo = 'update every image and checkout to one version (docs/operations/upgrades.md)';
  return [warn('gateway', `parts have different versions: ${shown(versions)}`, todo)];
}

function stranger(publicUrl: string, { status, headers }: Response): Finding {
  const location = headers.get('location');
  const seen = location ? `sends on to ${shown(location)}` : `answered ${status} to /health, not as this gateway does`;
  const todo = 'REGISTRY_URL must be the address of the nginx of this gateway, exactly';
  return fail('gateway', `${publicUrl} ${seen}`, todo);
}

/** Sends a request without credentials for a server that need not exist: the only right answer is 401. */
async function checkGate(publicUrl: string, ask: Ask): Promise<Finding> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const { status } = await ask(`${publicUrl}/doctor/mcp`, { method: 'POST', headers, body });
  if (status === 401) return ok('gate', 'asks who is calling: 401 without credentials');
  if (status >= 500) {
    const seen = `answers ${status} where 401 belongs: nginx does not get an answer from the auth-server`;
    return fail('gate', seen, 'is the auth-server running? Look at its log and at that of nginx');
  }
  if (status === 404 || status === 421) {
    const seen = `answers ${status} where 401 belongs: MCP requests do not reach the gate`;
    return warn('gate', seen, 'check the locations of nginx (docs/validate.md)');
  }
  const seen = `answers ${status} without credentials: the gate is open or not there`;
  return fail('gate', seen, 'stop nginx and look at it');
}
