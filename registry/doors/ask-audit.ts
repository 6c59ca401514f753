import type * as z from 'zod';
import { RegistryError } from '../errors/registry-error.ts';

const waitMilliseconds = 5_000;

/** Makes what the audit is asked with. @param authServerUrl origin of the auth-server, which keeps it */
export function createAskAudit(authServerUrl: string) {
  /**
   * Asks for the person who owns the assertion. Undefined fields of the query are left out.
   * @throws {RegistryError} `not_permitted` as the auth-server says, and `audit_unavailable` if it does not answer as it should
   */
  return async <T>(path: string, assertion: string, query: object, answer: z.ZodType<T>): Promise<T> => {
    const url = new URL(path, authServerUrl);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const signal = AbortSignal.timeout(waitMilliseconds);
    const headers = { 'X-Mcp-Assertion': assertion };
    const response = await fetch(url, { headers, signal, redirect: 'error' }).catch((error: unknown) => {
      throw auditUnavailable(error);
    });
    if (response.status === 403) throw needsViewAudit();
    if (!response.ok) throw auditUnavailable(new Error(`the auth-server answered ${response.status}`));
    const read = answer.safeParse(await response.json().catch(() => undefined));
    if (!read.success) throw auditUnavailable(read.error);
    return read.data;
  };
}

/** The refusal to show decisions, or what was called. */
export function needsViewAudit(): RegistryError {
  const message = 'To see decisions, one of your groups needs the permission view_audit in UI-Scopes.';
  return new RegistryError('not_permitted', message);
}

/** The auth-server did not answer, or not as expected. */
export function auditUnavailable(cause: unknown): RegistryError {
  const message = 'The auth-server keeps the decisions, and cannot be read at the moment.';
  return new RegistryError('audit_unavailable', message, { cause });
}
