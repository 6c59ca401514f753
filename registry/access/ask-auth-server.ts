import type * as z from 'zod';
import { RegistryError } from '../errors/registry-error.ts';

const waitMilliseconds = 5_000;

/** One question to an inner route of the auth-server. */
export interface Question<T> {
  /** With its query. */
  path: string;
  /** The person's own, passed on. */
  assertion: string;
  answer: z.ZodType<T>;
  /** Sent as JSON with POST; GET without it. */
  body?: object;
}

/** Makes what a person's access is asked for with. @param authServerUrl origin of the auth-server */
export function createAsk(authServerUrl: string) {
  /**
   * @throws {RegistryError} `session_required`, `not_permitted` or `not_found` as the auth-server says, and
   *   `account_unavailable` if it does not answer as it should
   */
  return async <T>({ path, assertion, answer, body }: Question<T>): Promise<T> => {
    const post = body && { method: 'POST', body: JSON.stringify(body) };
    const headers = { 'X-Mcp-Assertion': assertion, ...(body && { 'Content-Type': 'application/json' }) };
    const signal = AbortSignal.timeout(waitMilliseconds);
    const url = new URL(path, authServerUrl);
    const response = await fetch(url, { ...post, headers, signal, redirect: 'error' }).catch((error: unknown) => {
      throw unavailable(error);
    });
    const said: unknown = await response.json().catch(() => undefined);
    if (response.status === 403) throw refusalIn(said);
    if (response.status === 404 && codeIn(said) === 'not_found')
      throw new RegistryError('not_found', 'This person has no access any more, or there is no such person.');
    if (!response.ok) throw unavailable(new Error(`the auth-server answered ${response.status}`));
    const read = answer.safeParse(said);
    if (!read.success) throw unavailable(read.error);
    return read.data;
  };
}

function codeIn(said: unknown): unknown {
  return (said as { error?: { code?: unknown } } | undefined)?.error?.code;
}

function refusalIn(said: unknown): RegistryError {
  if (codeIn(said) === 'not_permitted')
    return new RegistryError('not_permitted', 'The auth-server does not see the permission for this in your groups.');
  const message = 'This page opens for a sign-in in a browser only, not for tokens and local sessions.';
  return new RegistryError('session_required', message);
}

function unavailable(cause: unknown): RegistryError {
  const message = 'The auth-server keeps what is connected, and does not answer at the moment.';
  return new RegistryError('account_unavailable', message, { cause });
}
