import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { asciiJson } from '../../common/text/json.ts';
import { repeatableId } from '../../common/text/repeatable-id.ts';
import type { Credential } from '../../common/upstream-secrets/secrets-file.ts';
import { type RequestId, writeId } from '../../policy/request/request-id.ts';
import type { AuthError } from '../denials/auth-error.ts';
import { meanings } from '../denials/codes.ts';
import { perPrincipal } from '../identity/per-principal.ts';
import type { Principal } from '../identity/principal.ts';
import type { OriginalRequest } from '../request/original-request.ts';
import { announcedScopes, type MetadataSettings } from './metadata.ts';

/** What an allowed request is forwarded with. */
export interface Allowance {
  principal: Principal;
  server: string;
  tool: string | undefined;
  assertion: string;
  /** The relay's ticket, if the relay has to see the answer. */
  ticket: string | undefined;
  /** With which a broker calls other servers for its caller. */
  delegation?: string | undefined;
  /** Whether the call is allowed because of its arguments: then no header may say others. */
  isByArguments?: boolean | undefined;
  /** What the gateway itself sends to the upstream, if it needs a credential. */
  credentials?: readonly Credential[] | undefined;
}

/** Names for the answer to nginx, where plain `Authorization` would mean something else. */
const credentialHeaders = new Map([
  ['Authorization', 'X-Upstream-Authorization'],
  ['X-API-Key', 'X-Upstream-Api-Key'],
]);

const longestGroups = 4096;
const longestReturn = 1000;
const longestMessage = 1024;
/** All headers of a denial must fit nginx's proxy_buffer_size. */
const longestChallenge = 2048;

/** Answers 200 with the identity headers of the contract (docs/validate.md). */
export function allow(res: ServerResponse, allowance: Allowance): void {
  const { principal, server, tool, assertion, ticket, delegation, isByArguments, credentials } = allowance;
  const headers = [...headersOf(principal), 'X-Server-Name', server, 'X-Mcp-Assertion', assertion];
  if (ticket !== undefined) headers.push('X-Relay', ticket);
  if (delegation !== undefined) headers.push('X-Mcp-Delegation', delegation);
  if (isByArguments) headers.push('X-By-Arguments', '1');
  const address = principal.delegated?.address;
  if (address !== undefined) headers.push('X-Caller-Address', address);
  if (credentials !== undefined) headers.push(...credentialHeadersOf(credentials));
  if (tool !== undefined) headers.push('X-Tool-Name', asciiToken(tool).slice(0, 1024));
  send(res, 200, headers);
}

/** Without `Date`: nginx does not read it here. */
function send(res: ServerResponse, status: number, headers: string[] | OutgoingHttpHeaders): void {
  res.sendDate = false;
  res.writeHead(status, headers).end();
}

function credentialHeadersOf(credentials: readonly Credential[]): string[] {
  const usual = credentials.flatMap(({ header, value }) => {
    const own = credentialHeaders.get(header);
    return own === undefined ? [] : [own, value];
  });
  const others = credentials.filter(({ header }) => !credentialHeaders.has(header));
  if (others.length === 0) return usual;
  // A value holds no tab. nginx takes each one out by its name (nginx/reload).
  const packed = others.map(({ header, value }) => `${header.toLowerCase()}:${value}`).join('\t');
  return [...usual, 'X-Upstream-Credentials', packed];
}

/** Names and values in turn: the identity headers, built once for each principal. */
const headersOf = perPrincipal((principal): readonly string[] => {
  const groups = principal.groups.map(asciiToken).join(',');
  return [
    ['X-User', asciiToken(principal.subject)],
    ['X-Username', asciiToken(principal.username)],
    ['X-Scopes', principal.scopes.map(asciiToken).join(' ')],
    ['X-Auth-Method', principal.authMethod],
    // Without a length Node answers in chunks, and nginx then closes the connection after each request.
    ['Content-Length', '0'],
    ...(groups.length > 0 && groups.length <= longestGroups ? [['X-Groups', groups]] : []),
    ...(principal.clientId === undefined ? [] : [['X-Client-Id', asciiToken(principal.clientId)]]),
  ].flat();
});

/** What a challenge tells about the gateway. */
type Announced = Pick<MetadataSettings, 'publicUrl' | 'clientsLogIn'>;

/**
 * Answers a denial with the two statuses that nginx's auth_request understands: 401 for 401, and 403 for everything else,
 * with the real status in `X-Deny-Status`. The body is in a header, because auth_request drops a subrequest's body.
 * @param request undefined if the gate's own headers could not be read
 */
export function deny(res: ServerResponse, error: AuthError, about: Announced, request?: OriginalRequest): void {
  const { status } = meanings[error.code];
  const headers: Record<string, string | number> = {
    'X-Deny-Status': status,
    'X-Deny-Code': error.code,
    'X-Deny-Body': denialBody(error, request),
    'Content-Length': 0,
  };
  if (isInBand(error, request)) headers['X-Deny-In-Band'] = 1;
  const challenge = challengeFor(error, about, request);
  if (challenge) headers['WWW-Authenticate'] = challenge;
  if (status === 401 && request && isPageRequest(request)) {
    // A longer URI would not fit nginx's header buffer, and the denial would become an error.
    const back = request.uri.length <= longestReturn ? `?redirect_uri=${encodeURIComponent(request.uri)}` : '';
    headers['X-Login-Url'] = `/login${back}`;
  }
  if (status === 503 || status === 429) headers['Retry-After'] = error.details.retryAfter ?? 1;
  if (error.details.allow) headers.Allow = error.details.allow.join(', ');
  send(res, status === 401 ? 401 : 403, headers);
}

/**
 * Whether the body answers a JSON-RPC request, so that nginx may send it with the status 200. A client of the 2024-11-05
 * transport waits for its answer on the stream, and reads nothing but the status here.
 */
function isInBand({ code, details }: AuthError, request: OriginalRequest | undefined): boolean {
  const { target } = request ?? {};
  if (!meanings[code].inBand || target?.resource !== 'mcp' || target.endpoint !== 'mcp') return false;
  // MCP 2026-07-28, "Sending Messages to the Server": 404 for an unknown method.
  return repeated(details.id) !== undefined && !(code === 'method_unknown' && details.isModern === true);
}

const repeated = (id: RequestId | undefined) => repeatableId(id === undefined ? undefined : writeId(id));

/** JSON-RPC 2.0 for MCP requests, a plain error object for the registry's; ASCII, at most 3 kB. */
function denialBody(error: AuthError, request: OriginalRequest | undefined): string {
  if (request?.target.resource === 'registry')
    return asciiOf({ error: { code: error.code, message: cutForAscii(error.message, longestMessage) } });
  const id = repeated(error.details.id);
  return `{"jsonrpc":"2.0","id":${id ?? null},${asciiOf(contentOf(error, id !== undefined)).slice(1)}`;
}

/** The members of the JSON-RPC response of a denial, besides its id. @param mayResult whether it answers a request */
export function contentOf({ code, message, details }: AuthError, mayResult: boolean): object {
  const { result, argument, rpcCode = meanings[code].rpcCode } = details;
  const data = { reason: code, ...(argument !== undefined && { argument }), ...details.data };
  if (result && mayResult) return { result };
  return { error: { code: rpcCode, message: cutForAscii(message, longestMessage), data } };
}

/** RFC 6750 section 3, RFC 9728 section 5.1; for a missing scope, MCP 2025-11-25, "Scope challenge handling". */
function challengeFor(error: AuthError, about: Announced, request: OriginalRequest | undefined): string | undefined {
  const { status, challenge: reason } = meanings[error.code];
  const { missing } = error.details;
  const metadata = `resource_metadata="${about.publicUrl}/.well-known/oauth-protected-resource${resourcePath(request)}"`;
  if (status === 401) {
    const why = reason ? `error="${reason}", ` : '';
    return `Bearer ${why}${metadata}, scope="${announcedScopes(about).join(' ')}"`;
  }
  if (status !== 403 || !missing) return undefined;
  const challenge = (scopes: readonly string[]) =>
    `Bearer error="insufficient_scope", scope="${scopes.join(' ')}", ${metadata}, error_description="This needs a scope that the access token lacks"`;
  // With the scopes that it has, because older clients request exactly what the challenge names.
  const whole = challenge([...new Set([...missing.held, missing.scope])]);
  return whole.length <= longestChallenge ? whole : challenge([missing.scope]);
}

/** The endpoint whose metadata the challenge names; clients post to `/messages` after connecting to `/sse`. */
function resourcePath(request: OriginalRequest | undefined): string {
  const target = request?.target;
  if (target?.resource !== 'mcp') return '/api';
  // As the client wrote it: it refuses metadata about another resource (RFC 9728 section 3.3).
  const atRoot = /^\/(mcp|sse|messages)\/?(?:\?|$)/.exec(request?.uri ?? '')?.[1];
  if (target.server === 'hub' && atRoot !== undefined) return atRoot === 'mcp' ? '/mcp' : '/sse';
  const own = `/${target.server}`;
  if (request?.uri.replace(/\/?(\?.*)?$/, '') === own) return own;
  return `/${target.server}/${target.endpoint === 'messages' ? 'sse' : target.endpoint}`;
}

function isPageRequest({ target, method, accept }: OriginalRequest): boolean {
  return target.resource === 'registry' && method === 'GET' && (accept?.includes('text/html') ?? false);
}

/** Cuts `text` to `limit` characters after escaping: one letter can become twelve characters. */
function cutForAscii(text: string, limit: number): string {
  if (asciiOf(text).length - 2 <= limit) return text;
  let length = 0;
  let kept = '';
  for (const letter of text) {
    length += asciiOf(letter).length - 2;
    if (length > limit) break;
    kept += letter;
  }
  return kept;
}

function asciiOf(value: unknown): string {
  return asciiJson(JSON.stringify(value));
}

const unsafe = /[^!#$&'*+./0-9:=?@A-Z^_`a-z|~-]/u;
const allUnsafe = new RegExp(unsafe, 'gu');

/** Percent-encodes characters that are unsafe or ambiguous in a header that lists values. */
function asciiToken(value: string): string {
  return unsafe.test(value) ? value.toWellFormed().replace(allUnsafe, encodeURIComponent) : value;
}
