import { type DecisionPage, type DecisionsQuery, decisionPage, decisionsQuery } from '../../common/policy/decisions.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../policy/ui.ts';
import { readInput } from '../errors/read-input.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Person } from './guards.ts';

/** Reads recent decisions for the person who owns this assertion. Throws {@link RegistryError}. */
export type ReadDecisions = (assertion: string, query: DecisionsQuery) => Promise<DecisionPage>;

const waitMilliseconds = 5_000;

/**
 * Makes the client of the auth-server, which keeps the decisions and limits them to what the person may see.
 * @param authServerUrl origin of the auth-server
 */
export function createReadDecisions(authServerUrl: string): ReadDecisions {
  return async (assertion, query) => {
    const url = new URL('/decisions', authServerUrl);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const signal = AbortSignal.timeout(waitMilliseconds);
    const headers = { 'X-Mcp-Assertion': assertion };
    const answer = await fetch(url, { headers, signal, redirect: 'error' }).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (answer.status === 403) throw needsViewAudit();
    if (!answer.ok) throw unavailable(new Error(`the auth-server answered ${answer.status}`));
    const page = decisionPage.safeParse(await answer.json().catch(() => undefined));
    if (!page.success) throw unavailable(page.error);
    return page.data;
  };
}

/**
 * Requires the permission to see decisions.
 * @throws {RegistryError} `not_permitted`
 */
export function requireViewAudit(policy: Policy, { scopes }: Person): void {
  if (!mayUseUiSomewhere(policy, scopes, 'view_audit')) throw needsViewAudit();
}

/**
 * Reads the filters of a request's query. Forms send empty fields, which filter nothing.
 * @throws {RegistryError} `input_invalid`
 */
export function readDecisionsQuery(query: Readonly<Record<string, unknown>>): DecisionsQuery {
  return readInput(decisionsQuery, Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')));
}

function needsViewAudit(): RegistryError {
  const message = 'To see decisions, one of your groups needs the permission view_audit in UI-Scopes.';
  return new RegistryError('not_permitted', message);
}

function unavailable(cause: unknown): RegistryError {
  const message = 'The auth-server keeps the decisions, and cannot be read at the moment.';
  return new RegistryError('audit_unavailable', message, { cause });
}
