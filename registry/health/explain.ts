import { SdkHttpError } from '@modelcontextprotocol/client';
import { NoRoom } from '../../common/answers/held-bytes.ts';
import { UnreadableAnswer } from '../../common/answers/limits.ts';
import { TooMuchError } from '../routing/pinned-fetch.ts';

/** A failure as a message for users, without addresses. */
type Explanation = { status: 'unhealthy' | 'needs-authentication'; error: string };

/**
 * Explains why a server did not answer correctly.
 * @param seconds the time limit, if it was exceeded
 */
export function explain(error: unknown, seconds: number | undefined): Explanation {
  const failed = (text: string): Explanation => ({ status: 'unhealthy', error: text });
  const chain = causes(error);
  if (chain.some((e) => e instanceof TooMuchError)) return failed('It sent more than 4 MB.');
  if (chain.some((e) => e instanceof NoRoom))
    return failed('Other servers sent too much at once. It is checked again soon.');
  const unreadable = chain.find((e) => e instanceof UnreadableAnswer);
  if (unreadable) return failed(`It did not answer as an MCP server does: it sent ${unreadable.message}.`);
  const http = chain.find((e) => SdkHttpError.isInstance(e));
  const status = http?.status ?? sseStatus(chain);
  if (status === 401 || status === 403)
    return { status: 'needs-authentication', error: `It wants credentials of its own (HTTP ${status}).` };
  if (seconds !== undefined) return failed(`It did not answer within ${seconds} s.`);
  if (status !== undefined) return failed(`It answered HTTP ${status} instead of MCP.`);
  const codes = chain.map((e) => ('code' in e ? String(e.code) : ''));
  if (codes.includes('ECONNREFUSED')) return failed('Nothing listens at its address.');
  if (codes.includes('ECONNRESET')) return failed('It closed the connection.');
  if (codes.some((code) => /CERT|TLS|SSL|UNABLE_TO/.test(code)))
    return failed('Its TLS certificate cannot be verified.');
  if (codes.some((code) => /^E(HOSTUNREACH|NETUNREACH|TIMEDOUT)$/.test(code)))
    return failed('Its host cannot be reached.');
  return failed('It did not answer as an MCP server does.');
}

/** The client of the SSE transport puts the HTTP status into `code`. */
function sseStatus(chain: readonly Error[]): number | undefined {
  const codes = chain.map((e) => ('code' in e ? e.code : undefined));
  return codes.find((code): code is number => typeof code === 'number' && code >= 300 && code <= 599);
}

/** The error and its causes. A failed attempt at several addresses holds its errors in a list. */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; Error.isError(next) && chain.length < 10; next = next.cause) {
    chain.push(next);
    if ('errors' in next && Array.isArray(next.errors)) chain.push(...next.errors.filter((e) => Error.isError(e)));
  }
  return chain;
}
