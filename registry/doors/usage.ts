import { type Usage, type UsageQuery, usage, usageQuery } from '../../common/doors/usage.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import { readInput } from '../errors/read-input.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { createAskAudit } from './ask-audit.ts';

/** Reads what was called, for the person who owns this assertion. Throws {@link RegistryError}. */
export type ReadUsage = (assertion: string, query: UsageQuery) => Promise<Usage>;

/**
 * Makes the client of the auth-server, which counts the calls and limits the sums to what the person may see.
 * @param authServerUrl origin of the auth-server
 */
export function createReadUsage(authServerUrl: string): ReadUsage {
  const ask = createAskAudit(authServerUrl);
  return (assertion, query) => ask('/usage', assertion, query, usage);
}

/** Whether a person may see what was called of a server. */
export function mayViewActivity(policy: Policy, { scopes }: Person, server: string): boolean {
  return mayUseUi(policy, scopes, 'view_audit', server);
}

/**
 * Requires the permission to see what was called of a server.
 * @throws {RegistryError} `not_permitted`
 */
export function requireViewActivity(policy: Policy, person: Person, server: string): void {
  if (mayViewActivity(policy, person, server)) return;
  const message = `To see the calls of “${server}”, one of your groups needs the permission view_audit for it in UI-Scopes. Ask an administrator to give it to one.`;
  throw new RegistryError('not_permitted', message);
}

/**
 * Reads what a request asks for. Empty fields count as missing.
 * @throws {RegistryError} `input_invalid`
 */
export function readUsageQuery(query: Readonly<Record<string, unknown>>): UsageQuery {
  return readInput(usageQuery, Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')));
}
