import type * as z from 'zod';
import { RegistryError } from '../errors/registry-error.ts';

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

/** How a kind of question fails. */
export interface AskWords {
  waitMilliseconds: number;
  /** What the auth-server's refusal means here. @returns undefined if it is no refusal but a failure */
  refusal: (status: number, said: unknown) => RegistryError | undefined;
  unavailable: (cause: unknown) => RegistryError;
}

/** Makes what a person's access is asked for with. @param authServerUrl origin of the auth-server */
export function createAsk(authServerUrl: string, words: AskWords = wordsOfAccess) {
  /**
   * @throws {RegistryError} `session_required`, `not_permitted` or `not_found` as the auth-server says, and
   *   `account_unavailable` if it does not answer as it should; or as `words` say
   */
  return async <T>({ path, assertion, answer, body }: Question<T>): Promise<T> => {
    const post = body && { method: 'POST', body: JSON.stringify(body) };
    const headers = { 'X-Mcp-Assertion': assertion, ...(body && { 'Content-Type': 'application/json' }) };
    const signal = AbortSignal.timeout(words.waitMilliseconds);
    const url = new URL(path, authServerUrl);
    const response = await fetch(url, { ...post, headers, signal, redirect: 'error' }).catch((error: unknown) => {
      throw words.unavailable(error);
    });
    const said: unknown = await response.json().catch(() => undefined);
    const refusal = response.ok ? undefined : words.refusal(response.status, said);
    if (refusal) throw refusal;
    if (!response.ok) throw words.unavailable(new Error(`the auth-server answered ${response.status}`));
    const read = answer.safeParse(said);
    if (!read.success) throw words.unavailable(read.error);
    return read.data;
  };
}

const wordsOfAccess: AskWords = {
  waitMilliseconds: 5_000,
  refusal(status, said) {
    if (status === 403) return refusalIn(said);
    if (status !== 404 || codeIn(said) !== 'not_found') return undefined;
    return new RegistryError('not_found', 'This person has no access any more, or there is no such person.');
  },
  unavailable(cause) {
    const message = 'The auth-server keeps what is connected, and does not answer at the moment.';
    return new RegistryError('account_unavailable', message, { cause });
  },
};

function codeIn(said: unknown): unknown {
  return (said as { error?: { code?: unknown } } | undefined)?.error?.code;
}

/** What a 403 of the auth-server means. */
function refusalIn(said: unknown): RegistryError {
  if (codeIn(said) === 'not_permitted')
    return new RegistryError('not_permitted', 'The auth-server does not see the permission for this in your groups.');
  return sessionRequired();
}

/** The refusal of what takes a sign-in in a browser. */
export function sessionRequired(): RegistryError {
  const message = 'This page opens for a sign-in in a browser only, not for tokens and local sessions.';
  return new RegistryError('session_required', message);
}
