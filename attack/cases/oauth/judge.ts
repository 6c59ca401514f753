import type { Answer } from '../../answer.ts';
import type { Case } from '../../case.ts';
import { codeIn, jsonOf } from './client.ts';

/**
 * Judges answers in JSON (RFC 6749 section 5.2): everything but one of these errors, with 400 or 401, is through. A 429 or
 * a 503 proves nothing.
 */
export function unlessError(...errors: readonly string[]): Case['through'] {
  return (answers) => answers.some((answer) => !isError(answer, errors));
}

/** Whether an answer is one of these errors. */
export function isError(answer: Answer, errors: readonly string[]): boolean {
  return [400, 401].includes(answer.status) && errors.includes(String(jsonOf(answer).error));
}

/** Judges a request that the client must not learn anything of: a page says why, and leads nowhere. */
export const unlessPage: Case['through'] = (answers) =>
  answers.some(({ status, headers }) => status !== 400 || headers.location !== undefined);

/** Judges a request that the client gets an error for, at its own address and with the issuer (RFC 9207). */
export function unlessErrorTo(redirectUri: string, error: string): Case['through'] {
  return (answers) =>
    answers.some(({ status, headers }) => {
      const to = URL.parse(String(headers.location));
      const said = to?.searchParams;
      const isThere = to !== null && `${to.origin}${to.pathname}` === redirectUri && said?.has('iss');
      return status !== 303 || !isThere || said?.get('error') !== error || said.has('code');
    });
}

/** Judges by the code alone: no answer may lead anywhere with one, or break. */
export const ifCode: Case['through'] = (answers) =>
  answers.some((answer) => codeIn(answer) !== undefined || answer.status >= 500 || answer.status < 0);

/** Judges answers of which none may be a redirect, a success or a fault. */
export const unlessDenied: Case['through'] = (answers) =>
  answers.some(({ status, headers }) => status < 400 || status >= 500 || headers.location !== undefined);
