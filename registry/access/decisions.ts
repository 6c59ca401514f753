import { type DecisionPage, type DecisionsQuery, decisionPage, decisionsQuery } from '../../common/policy/decisions.ts';
import { RegistryError } from '../errors/registry-error.ts';

/** Asks for recent decisions, for the person whose assertion this is. Throws {@link RegistryError}. */
export type ReadDecisions = (assertion: string, query: DecisionsQuery) => Promise<DecisionPage>;

const waitMilliseconds = 5_000;

/**
 * Asks the auth-server, which keeps the decisions. It decides by the person's own assertion what they may see.
 * @param authServerUrl where the auth-server answers, without a path
 */
export function createReadDecisions(authServerUrl: string): ReadDecisions {
  return async (assertion, query) => {
    const url = new URL('/decisions', authServerUrl);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const unavailable = (cause: unknown) =>
      new RegistryError(
        'audit_unavailable',
        'The auth-server, which keeps the decisions, does not give them out at the moment.',
        {
          cause,
        },
      );
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

/** The refusal to who may not see decisions. */
export function needsViewAudit(): RegistryError {
  const message = 'To see decisions, one of your groups needs the permission view_audit in UI-Scopes.';
  return new RegistryError('not_permitted', message);
}

/**
 * Reads what to look for from a request's query. A filter that is left empty, as forms send it, is no filter.
 * @throws {RegistryError} `input_invalid`
 */
export function readDecisionsQuery(query: Readonly<Record<string, unknown>>): DecisionsQuery {
  const filled = Object.entries(query).filter(([, value]) => value !== '');
  const read = decisionsQuery.safeParse(Object.fromEntries(filled));
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new RegistryError('input_invalid', `${faults[0]?.path}: ${faults[0]?.message}`, { faults });
}
