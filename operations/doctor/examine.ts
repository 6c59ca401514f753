import type { Policy } from '../../policy/policy.ts';
import { checkAccountKeys } from '../accounts/check-keys.ts';
import { createAsk } from './ask.ts';
import { checkServerAccounts } from './checks/accounts.ts';
import { checkAgent } from './checks/agent.ts';
import { checkAppClient } from './checks/app-client.ts';
import { checkAudit } from './checks/audit.ts';
import { checkClients } from './checks/clients.ts';
import { checkGateway } from './checks/gateway.ts';
import { checkCommandLine, checkLogin } from './checks/login.ts';
import { checkNames } from './checks/names.ts';
import { checkOidc } from './checks/oidc.ts';
import { checkGroups, readPolicy } from './checks/policy.ts';
import { checkPorts } from './checks/ports.ts';
import { checkProvider } from './checks/provider.ts';
import { checkSecretKey, checkSettings } from './checks/settings.ts';
import { type Finding, warn } from './finding.ts';
import { type PoolSetup, poolSetup, publicUrlOf, type Setup } from './setup.ts';

/**
 * Runs all checks, in an order in which a fault of one explains those after it: the settings, the user pool, the login, the
 * agent, the policy, the key, the gateway itself. Sends requests only to the configured providers and the gateway.
 * @param file the file of the settings, for the messages
 * @param tell called with each finding at once
 */
export async function examine(setup: Setup, file: string, tell: (finding: Finding) => void): Promise<Finding[]> {
  const findings: Finding[] = [];
  const add = (more: readonly Finding[]) => {
    findings.push(...more);
    for (const finding of more) tell(finding);
  };
  const pool = poolSetup(setup);
  const { policy, name, findings: faults } = await readPolicy(setup);
  add(checkSettings(setup, file));
  add(pool ? await examinePool(setup, pool, policy) : [warn('cognito', 'not asked', 'correct the settings first')]);
  const publicUrl = publicUrlOf(setup);
  if (publicUrl !== undefined) add(await checkOidc(setup.env, publicUrl));
  add(faults);
  if (policy) add(checkGroups(setup, pool, { policy, name }));
  add(await checkNames(setup, policy));
  add(await checkAccountKeys(setup));
  add(await checkServerAccounts(setup));
  add(checkAudit(setup));
  add(checkSecretKey(setup));
  if (publicUrl === undefined) return findings;
  const { ask } = createAsk([publicUrl]);
  const { findings: found, up } = await checkGateway(publicUrl, ask);
  add(found);
  if (up) add([await checkClients(publicUrl, ask)]);
  const here = /^(localhost|127\..*|\[::1\])$/.test(new URL(publicUrl).hostname);
  add(await checkPorts(setup, here ? (up ? 'up' : 'down') : 'elsewhere'));
  return findings;
}

async function examinePool(setup: Setup, pool: PoolSetup, policy: Policy | undefined): Promise<Finding[]> {
  const { ask, allow } = createAsk([new URL(pool.issuer).origin], pool.standIn);
  const { findings, discovery } = await checkProvider(pool, setup.env.COGNITO_DOMAIN, ask, allow);
  if (!discovery) return findings;
  return [
    ...findings,
    await checkAppClient(pool, discovery, ask),
    ...(await checkLogin(pool, discovery, ask)),
    ...(await checkCommandLine(pool, discovery, ask)),
    ...(await checkAgent(pool, setup.agentEnv, discovery, policy, ask)),
  ];
}
