import { type Usage, type UsageQuery, usage, usageQuery } from '../../common/policy/usage.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import { readInput } from '../errors/read-input.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Person } from './guards.ts';

/** Reads what was called, for the person who owns this assertion. Throws {@link RegistryError}. */
export type ReadUsage = (assertion: string, query: UsageQuery) => Promise<Usage>;

const waitMilliseconds = 5_000;

/**
 * Makes the client of the auth-server, which counts the calls and limits the sums to what the person may see.
 * @param authServerUrl origin of the auth-server
 */
export function createReadUsage(authServerUrl: string): ReadUsage {
  return async (assertion, { span, server }) => {
    const url = new URL('/usage', authServerUrl);
    url.searchParams.set('span', span);
    if (server !== undefined) url.searchParams.set('server', server);
    const signal = AbortSignal.timeout(waitMilliseconds);
    const headers = { 'X-Mcp-Assertion': assertion };
    const answer = await fetch(url, { headers, signal, redirect: 'error' }).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (answer.status === 403) throw needsViewAudit(server);
    if (!answer.ok) throw unavailable(new Error(`the auth-server answered ${answer.status}`));
    const said = usage.safeParse(await answer.json().catch(() => undefined));
    if (!said.success) throw unavailable(said.error);
    return said.data;
  };
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
  if (!mayViewActivity(policy, person, server)) throw needsViewAudit(server);
}

/**
 * Reads what a request asks for. Empty fields count as missing.
 * @throws {RegistryError} `input_invalid`
 */
export function readUsageQuery(query: Readonly<Record<string, unknown>>): UsageQuery {
  return readInput(usageQuery, Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')));
}

function needsViewAudit(server: string | undefined): RegistryError {
  const where = server === undefined ? '' : ` of “${server}”`;
  const message = `To see the calls${where}, one of your groups needs the permission view_audit${server === undefined ? '' : ' for it'} in UI-Scopes. Ask an administrator to give it to one.`;
  return new RegistryError('not_permitted', message);
}

function unavailable(cause: unknown): RegistryError {
  const message = 'The auth-server counts the calls, and cannot be read at the moment.';
  return new RegistryError('audit_unavailable', message, { cause });
}
