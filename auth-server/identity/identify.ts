import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Policy } from '../../policy/policy.ts';
import type { TokenClaims, TokenVerifier } from '../cognito/cognito-token.ts';
import type { Delegations } from '../delegation/delegations.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { OriginalRequest } from '../request/original-request.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { AccessClaims, AccessTokens } from './access-token.ts';
import type { LocalSessions } from './cookie/local-session.ts';
import type { SessionSeal } from './cookie/session.ts';
import { openDelegated } from './delegated.ts';
import { isPersonalToken, type PersonalTokens } from './personal-token.ts';
import { type Principal, personOfGrant, personOfLocalSession, personOfSession, principalOfToken } from './principal.ts';
import { type PublicRegistry, publicVisitor } from './public-registry.ts';
import { resourceOfTarget } from './resource.ts';
import type { SessionKeeper } from './session-keeper.ts';

export interface IdentifyDeps extends PublicRegistry {
  tokens: TokenVerifier;
  /** Those that this gateway has made for OAuth clients. */
  accessTokens: AccessTokens;
  /** Those that people have made for their programs. */
  personalTokens: PersonalTokens;
  /** With which brokers call other servers for their callers. */
  delegations: Delegations;
  seal: SessionSeal;
  keeper: SessionKeeper;
  /** Undefined where locally signed sessions are not accepted. */
  localSessions?: LocalSessions | undefined;
  revocations: RevocationStore;
}

/**
 * Turns the credentials of a request into a principal; synchronously if the token was verified recently.
 * If there is an `Authorization` header, it decides alone: a bad one is rejected, and the cookie is not read.
 * @throws {AuthError} with a 401 or 403 code, or identity_provider_unavailable
 */
export function identify(deps: IdentifyDeps, request: OriginalRequest): Principal | Promise<Principal> {
  if (request.isInner) return byDelegation(deps, request);
  const visitor = publicVisitor(deps, request);
  if (visitor) return visitor;
  const { authorization, cookie } = request.credentials;
  if (authorization === undefined) return bySession(deps, request, cookie);
  refuseForeignOrigin(request, deps);
  const isBearer = authorization.slice(0, bearer.length).toLowerCase() === bearer;
  const token = authorization.slice(bearer.length);
  if (isBearer && isPersonalToken(token)) return byPersonalToken(deps, request, token);
  // Where to look first, which decides nothing: to look in both memories would cost a digest of the token.
  const known = isBearer && !deps.accessTokens.looksOurs(token) ? deps.tokens.known(token) : undefined;
  if (known) return holder(deps, known);
  return byToken(deps, request, bearerToken(authorization));
}

/** The issuer that a token names decides who verifies it. No other verifier is tried. */
async function byToken(deps: IdentifyDeps, request: OriginalRequest, token: string): Promise<Principal> {
  const { accessTokens, tokens } = deps;
  const known = accessTokens.known(token);
  if (known) return byGrant(deps, request, known);
  if (accessTokens.isOurs(token)) return byGrant(deps, request, await accessTokens.verify(token));
  return holder(deps, await tokens.verify(token));
}

/** The person whose record an access token of ours refers to. */
async function byGrant(deps: IdentifyDeps, request: OriginalRequest, claims: AccessClaims): Promise<Principal> {
  const { client, resource } = claims;
  if (resource !== resourceOfTarget(deps.publicUrl, request))
    throw new AuthError('token_invalid', texts.token_invalid(`it is for ${resource} only`));
  const isFor = (record: SessionRecord) =>
    record.kind === 'client' && record.oauthClient === client && record.resource === resource;
  const { record, groupsValidUntil } = await deps.keeper.open(claims, isFor, request.address);
  const policy = deps.policy();
  const principal = cached(policy, claims, record, () => ({ ...personOfGrant(policy, record), groupsValidUntil }));
  return unlessRevoked(deps, principal, [record.clientId, client], record.createdAt);
}

/** The person who has made a personal token. */
async function byPersonalToken(deps: IdentifyDeps, request: OriginalRequest, token: string): Promise<Principal> {
  const { personalTokens, keeper, publicUrl } = deps;
  const refused = (why: string) => new AuthError('token_invalid', texts.token_invalid(why));
  if (personalTokens.mostDays === 0) throw refused('this gateway takes no personal tokens');
  const sid = personalTokens.sidOf(token);
  if (sid === undefined) throw refused('it is no personal token of this gateway');
  const { record, groupsValidUntil } = await keeper
    .open({ sid, sub: undefined }, isPersonal, request.address)
    .catch((error) => {
      if (!(error instanceof AuthError) || error.code !== 'session_ended') throw error;
      throw new AuthError('session_ended', texts.personal_token_ended(`${publicUrl}/account`));
    });
  const { resource, clientId, createdAt } = record;
  if (resource === undefined || resource !== resourceOfTarget(publicUrl, request))
    throw refused(`it is for ${resource} only`);
  const policy = deps.policy();
  const principal = cached(policy, record, record, () => ({ ...personOfGrant(policy, record), groupsValidUntil }));
  return unlessRevoked(deps, principal, [clientId], createdAt);
}

const isPersonal = ({ kind }: SessionRecord) => kind === 'personal';

/** The caller for whom a broker asks. Delegations are good at the inner address only, and nothing else is good there. */
async function byDelegation(deps: IdentifyDeps, { credentials }: OriginalRequest): Promise<Principal> {
  const { authorization } = credentials;
  if (authorization === undefined) throw new AuthError('credentials_missing', texts.credentials_missing);
  const token = bearerToken(authorization);
  const delegation = deps.delegations.known(token) ?? (await deps.delegations.verify(token));
  const { record, create, clients, since } = await openDelegated(deps, delegation);
  return unlessRevoked(deps, cached(deps.policy(), delegation, record, create), clients, since);
}

/** The principal with a token of these claims. */
function holder(deps: IdentifyDeps, claims: TokenClaims): Principal {
  const policy = deps.policy();
  const principal = cached(policy, claims, undefined, () => principalOfToken(policy, claims));
  return unlessRevoked(deps, principal, [claims.client_id], principal.shown?.since ?? claims.iat);
}

/** Whether these cookies would identify a person at the next page of the registry. */
export async function isSignedIn(deps: IdentifyDeps, headers: IncomingHttpHeaders): Promise<boolean> {
  return (await signedIn(deps, headers)) !== undefined;
}

/** The person whom these cookies identify, for pages that are not behind the gate. @param headers of their request */
export async function signedIn(deps: IdentifyDeps, headers: IncomingHttpHeaders): Promise<Principal | undefined> {
  const { cookie, 'x-real-ip': address } = headers;
  const value = await Promise.try(sessionCookie, cookie, deps.cookieName).catch(() => undefined);
  return value === undefined ? undefined : await personOf(deps, value, address?.toString()).catch(() => undefined);
}

async function bySession(deps: IdentifyDeps, request: OriginalRequest, cookie: string | undefined): Promise<Principal> {
  const value = sessionCookie(cookie, deps.cookieName);
  if (value === undefined) throw new AuthError('credentials_missing', texts.credentials_missing);
  refuseCrossSite(request, deps.publicUrl);
  return await personOf(deps, value, request.address);
}

/** The person of a session cookie's value. */
async function personOf(deps: IdentifyDeps, value: string, address: string | undefined): Promise<Principal> {
  const local = await deps.localSessions?.open(value);
  if (local) return unlessRevoked(deps, personOfLocalSession(deps.policy(), local), [], local.iat);
  const claims = deps.seal.known(value) ?? (await deps.seal.open(value));
  const { record, groupsValidUntil } = await deps.keeper.open(claims, isOfBrowser, address);
  const policy = deps.policy();
  const person = () => ({ ...personOfSession(policy, claims, record), groupsValidUntil });
  const principal = cached(policy, claims, record, person);
  const { clientId, oauthClient, createdAt } = record;
  return unlessRevoked(deps, principal, oauthClient === undefined ? [clientId] : [clientId, oauthClient], createdAt);
}

const isOfBrowser = ({ kind }: SessionRecord) => kind === 'browser';

type Recent = { policy: Policy; record: object | undefined; principal: Principal };
const recent = new LRUCache<object, Recent>({ max: 1_000 });

/** Reuses the principal while claims, record and policy are the same objects. */
function cached(policy: Policy, claims: object, record: object | undefined, create: () => Principal): Principal {
  const kept = recent.get(claims);
  if (kept?.policy === policy && kept.record === record) return kept.principal;
  const principal = create();
  recent.set(claims, { policy, record, principal });
  return principal;
}

/**
 * @param since when the person signed in, or the credential was issued
 * @throws {AuthError} access_revoked if an operator has revoked this person or client since
 */
function unlessRevoked(
  { revocations }: IdentifyDeps,
  principal: Principal,
  clients: readonly string[],
  since: number,
): Principal {
  const users = [principal.subject, principal.username];
  if (!revocations.covers(since, { users, clients })) return principal;
  throw new AuthError('access_revoked', texts.access_revoked);
}

const bearer = 'bearer ';

/** RFC 6750 section 2.1: the scheme in any letter case, one space, one b64token. */
function bearerToken(authorization: string): string {
  const token = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
  if (token !== undefined) return token;
  throw new AuthError('authorization_unreadable', texts.authorization_unreadable);
}

/**
 * The session cookie's value. Two different ones mean that someone else could set cookies for this site: neither is
 * accepted. Not by cookie-parser, which returns only the first of two.
 */
function sessionCookie(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  if (new Set(values).size > 1) throw new AuthError('credentials_ambiguous', texts.credentials_ambiguous);
  return values[0] || undefined;
}

/** Browsers name the origin of a request. A page of another origin must not use a token that it obtained here. */
function refuseForeignOrigin(request: OriginalRequest, { publicUrl, allowedOrigins }: IdentifyDeps): void {
  const { origin } = request.browser;
  if (origin === undefined || origin === publicUrl || allowedOrigins.includes(origin)) return;
  throw foreign(origin);
}

/**
 * Browsers send the cookie with requests of any page, and cookies ignore ports: every localhost port is same-site. So the
 * request must come from our own pages or from no page at all, or be a navigation to a page.
 */
function refuseCrossSite(request: OriginalRequest, publicUrl: string): void {
  const { origin, fetchSite, fetchDest } = request.browser;
  if (origin === publicUrl) return;
  if (origin !== undefined) throw foreign(origin);
  if (fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none') return;
  const opensPage = request.target.resource === 'registry' && request.method === 'GET' && fetchDest === 'document';
  if (!opensPage) throw foreign('another site');
}

function foreign(origin: string): AuthError {
  return new AuthError('origin_not_allowed', texts.origin_not_allowed(origin.slice(0, 100)));
}
