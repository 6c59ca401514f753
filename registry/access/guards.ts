import type { Request, RequestHandler } from 'express';
import { errors, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { skewSeconds, verifySigned } from '../../common/identity/verify-signed.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { RegistryError } from '../errors/registry-error.ts';

/** The caller, as the auth-server identified and signed them. */
export interface Person {
  /** Stable subject. */
  sub: string;
  username: string;
  /** The name to show instead of the user name. People may choose it. */
  shownName?: string | undefined;
  groups: readonly string[];
  scopes: readonly string[];
  authMethod: 'session_cookie' | 'jwt' | 'public';
}

/** A request for one server. */
export type Named = Request<{ name: string }>;

/**
 * An assertion's audience: the registry itself, its public part for visitors who showed no credential, or mcpgw and the hub,
 * which pass on the assertion of their own caller.
 */
type Audience = '#registry' | '#public' | '#hub' | 'mcpgw';

/** The tools of mcpgw that change servers. */
export type ChangingTool = 'register_service' | 'toggle_service' | 'refresh_service' | 'remove_service';

export type Identify = ReturnType<typeof createIdentify>;

const longestLifeSeconds = 120;

const claims = z.object({
  sub: z.string().min(1),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  username: z.string().min(1),
  shown_name: z.string().optional(),
  groups: z.array(z.string()),
  scopes: z.array(z.string()),
  auth_method: z.enum(['session_cookie', 'jwt', 'public']),
  tool: z.string().optional(),
});

/**
 * Makes the only source of identities: it verifies the `X-Mcp-Assertion` header, an EdDSA JWT (RFC 7519, RFC 8037) of the
 * auth-server.
 * @param publicUrl the gateway's origin. It is the issuer; `<publicUrl>/<audience>` is the audience
 * @param keys finds the auth-server's public key for a token
 * @returns a function that reads an assertion, and throws `identity_required` unless it is valid for one of the audiences,
 *   and `identity_unavailable` if the keys cannot be fetched
 */
export function createIdentify(publicUrl: string, keys: JWTVerifyGetKey) {
  const refused = (cause?: unknown) =>
    new RegistryError('identity_required', `No valid identity came with this request. Go through ${publicUrl}/.`, {
      cause,
    });

  return async (assertion: string | undefined, audiences: readonly Audience[]) => {
    if (!assertion) throw refused();
    const allowed = audiences.map((audience) => `${publicUrl}/${audience}`);
    const payload = await verifySigned(assertion, keys, publicUrl, allowed).catch((error: unknown) => {
      if (isRefusal(error)) throw refused(error);
      throw new RegistryError('identity_unavailable', "The auth-server's keys cannot be read. Try again in a moment.", {
        cause: error,
      });
    });
    const read = claims.safeParse(payload);
    if (!read.success) throw refused(read.error);
    const { sub, username, shown_name: shownName, groups, scopes, auth_method: authMethod } = read.data;
    const { aud, tool, iat, exp } = read.data;
    const now = nowInSeconds();
    // An assertion is for one request. If it lived longer, a server could keep it and use it again.
    if (exp - iat > longestLifeSeconds || exp - now > longestLifeSeconds + skewSeconds) throw refused();
    const audience = audiences.find((each) => aud === `${publicUrl}/${each}`);
    if (!audience) throw refused();
    // `tool` is the tool of mcpgw that was called.
    return { person: { sub, username, shownName, groups, scopes, authMethod }, audience, tool };
  };
}

/** Whether the token is invalid. A key set that cannot be fetched is our own failure and must not look like a bad login. */
function isRefusal(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}

/** Who changed something, with the user name too: a person may choose another one's name as the name to show. */
export function actorOf({ sub, username, shownName }: Person): { sub: string; username: string } {
  return { sub, username: shownName === undefined ? username : `${shownName} (${username})` };
}

const people = new WeakMap<object, Person>();

/** Requires a valid assertion for one of `audiences`. Then {@link personOf} returns the person. */
export function requirePerson(identify: Identify, audiences: readonly Audience[]): RequestHandler {
  return async (req, _res, next) => {
    const { person } = await identify(req.get('x-mcp-assertion'), audiences);
    people.set(req, person);
    next();
  };
}

/**
 * Guards a request that changes something. It requires the caller's own assertion for the registry, or one for mcpgw that
 * was made for a call of exactly `tool`. Every tool call carries an assertion, read-only calls included: without this
 * check, mcpgw could use any of them for everything that its caller may do here.
 */
export function requireOperation(identify: Identify, tool: ChangingTool): RequestHandler {
  return async (req, _res, next) => {
    const { person, audience, tool: called } = await identify(req.get('x-mcp-assertion'), ['#registry', 'mcpgw']);
    if (audience !== '#registry' && called !== tool) {
      const message = `This assertion was not made for this. Through mcpgw, only a call of ${tool} can do it.`;
      throw new RegistryError('identity_required', message);
    }
    people.set(req, person);
    next();
  };
}

/**
 * The person who sent the request.
 * @throws {RegistryError} `identity_required` on a route without {@link requirePerson}, so that it fails closed
 */
export function personOf(req: Request): Person {
  const person = people.get(req);
  if (!person) throw new RegistryError('identity_required', 'No identity came with this request.');
  return person;
}

/** Like {@link personOf}, for pages that need no identity, such as an error page. */
export function personIfAny(req: Request): Person | undefined {
  return people.get(req);
}
