import { SdkHttpError } from '@modelcontextprotocol/client';
import { NoRoom } from '../../../common/answers/held-bytes.ts';
import { isHostCheck } from '../../../common/answers/host-check.ts';
import { UnreadableAnswer } from '../../../common/answers/limits.ts';
import { TooMuchError } from '../../../common/network/pinned-fetch.ts';
import { cleanText } from '../../../common/text/clean.ts';
import { accountOf, type ServerEntry, type Transport } from '../../servers/server.ts';

/** A failure as a message for users, without addresses. `wants-accounts`: it serves people with an account of their own, as registered. */
type Explanation = { status: 'unhealthy' | 'needs-authentication' | 'wants-accounts'; error: string };

/** What a check knows of its server beside the error. */
export interface Seen {
  server: Pick<ServerEntry, 'upstream' | 'auth' | 'forward_headers'>;
  transport: Transport;
  /** Whether the check sent a credential of the gateway. */
  hasCredential: boolean;
  /** The Location of the last redirect. */
  redirect?: string;
  /** The last request that the server refused. */
  refused?: { status: number; path: string; isPost: boolean };
  /** The beginning of what it said with it. */
  refusal?: string;
}

/**
 * Explains why a server did not answer correctly.
 * @param seconds the time limit, if it was exceeded
 */
export function explain(error: unknown, seconds: number | undefined, seen: Seen): Explanation {
  const failed = (text: string): Explanation => ({ status: 'unhealthy', error: text });
  const chain = causes(error);
  if (chain.some((e) => e instanceof TooMuchError)) return failed('It sent more than 4 MB.');
  if (chain.some((e) => e instanceof NoRoom))
    return failed('Other servers sent too much at once. It is checked again soon.');
  const unreadable = chain.find((e) => e instanceof UnreadableAnswer);
  if (unreadable) return failed(`It did not answer as an MCP server does: it sent ${unreadable.message}.`);
  const http = chain.find((e) => SdkHttpError.isInstance(e));
  const status = http?.status ?? sseStatus(chain) ?? announcedStatus(seen);
  if (status !== undefined && isHostCheck(status, seen.refusal ?? ''))
    return failed(
      `It refuses the Host header (HTTP ${status}): its settings must accept the host name of its address, or its registration name the Host that it accepts.`,
    );
  if (status === 401 || status === 403) return credentialWanted(status, seen);
  if (seconds !== undefined) return failed(`It did not answer within ${seconds} s.`);
  if (status !== undefined) return failed(`It answered HTTP ${status} instead of MCP${placeOf(status, seen)}.`);
  const codes = chain.map((e) => ('code' in e ? String(e.code) : ''));
  if (codes.includes('ECONNREFUSED')) return failed('Nothing listens at its address.');
  if (codes.includes('ECONNRESET')) return failed('It closed the connection.');
  if (codes.some((code) => /^EPROTO$|WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST/.test(code)))
    return failed('It does not speak TLS at its address: register it with http, or with the port of its https.');
  if (codes.some((code) => code.startsWith('HPE_')))
    return failed('It does not speak HTTP at its address. If it speaks TLS there, register it with https.');
  if (codes.some((code) => /CERT|TLS|SSL|UNABLE_TO/.test(code)))
    return failed('Its TLS certificate cannot be verified.');
  if (codes.some((code) => /^E(HOSTUNREACH|NETUNREACH|TIMEDOUT)$/.test(code)))
    return failed('Its host cannot be reached.');
  return failed('It did not answer as an MCP server does.');
}

function credentialWanted(status: number, { server, hasCredential }: Seen): Explanation {
  if (status === 401 && accountOf(server) !== undefined && !hasCredential)
    return { status: 'wants-accounts', error: `It wants each person's own account (HTTP ${status} without one).` };
  const needed = (error: string): Explanation => ({ status: 'needs-authentication', error });
  const own = server.forward_headers ?? [];
  if (hasCredential || own.length === 0) return needed(`It wants credentials of its own (HTTP ${status}).`);
  return needed(
    `Its callers bring their own credential (HTTP ${status} without one). The registry has none, and cannot read its tools.`,
  );
}

/** Where a redirect leads, or which announced address did not answer. Only paths: an address is for those who may change it. */
function placeOf(status: number, { server, transport, redirect, refused }: Seen): string {
  if (status >= 300 && status < 400 && redirect !== undefined) return `: it redirects to ${targetOf(redirect, server)}`;
  if (transport !== 'sse' || !refused?.isPost || refused.status !== status) return '';
  return ` at ${shown(refused.path)}, the address for messages that it announced`;
}

function targetOf(location: string, { upstream }: Pick<ServerEntry, 'upstream'>): string {
  const url = URL.parse(location, upstream);
  if (url?.origin === new URL(upstream).origin) return `${shown(url.pathname)}. Register that path`;
  const isTls = url?.protocol === 'https:' && url.hostname === new URL(upstream).hostname;
  return isTls ? 'https at the same host. Register that address' : 'another host';
}

/** Enough for the path of a registered server. */
const longestPath = 200;

function shown(path: string): string {
  return cleanText(path.slice(0, longestPath), { replace: ' ' });
}

/** The client of the SSE transport hides the status of a message that was refused. */
function announcedStatus({ transport, refused }: Seen): number | undefined {
  return transport === 'sse' && refused?.isPost ? refused.status : undefined;
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
