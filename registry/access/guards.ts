import type { Request, RequestHandler } from 'express';
import { errors, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { skewSeconds, verifySigned } from '../../common/identity/verify-signed.ts';
import { RegistryError } from '../errors/registry-error.ts';

/** Who is asking, as the auth-server found out and signed. */
export interface Person {
  /** Stable subject; `username` is for showing. */
  sub: string;
  username: string;
  groups: readonly string[];
  scopes: readonly string[];
  authMethod: 'session_cookie' | 'jwt';
}

/** A person, and by which request they came: the registry's own address, or a call of one of mcpgw's tools. */
interface Arrival {
  person: Person;
  audience: Audience;
  /** The tool that the call names. */
  tool: string | undefined;
}

/** An assertion's audience: the registry itself, or its MCP face asking for a caller. */
export type Audience = '#registry' | 'mcpgw';

/** The tools of mcpgw that change something here. */
export type ChangingTool = 'register_service' | 'toggle_service' | 'refresh_service' | 'remove_service';

/** Turns an assertion into a person, or throws a {@link RegistryError}. */
export type Identify = (assertion: string | undefined, audiences: readonly Audience[]) => Promise<Arrival>;

const longestLifeSeconds = 120;

const claims = z.object({
  sub: z.string().min(1),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  username: z.string().min(1),
  groups: z.array(z.string()),
  scopes: z.array(z.string()),
  auth_method: z.enum(['session_cookie', 'jwt']),
  tool: z.string().optional(),
});

/**
 * Makes the only door to an identity: the `X-Mcp-Assertion` header, an EdDSA JWT (RFC 7519, RFC 8037) of the auth-server.
 * @param publicUrl the gateway's origin: issuer, and `<publicUrl>/<audience>` the audience
 * @param keys finds the auth-server's public key for a token
 * @returns a function that throws `identity_required` for anything but a good assertion for one of the audiences, and
 *   `identity_unavailable` when the keys cannot be had
 */
export function createIdentify(publicUrl: string, keys: JWTVerifyGetKey): Identify {
  const refused = (cause?: unknown) =>
    new RegistryError('identity_required', `No valid identity came with this request. Go through ${publicUrl}/.`, {
      cause,
    });

  return async (assertion, audiences) => {
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
    const { sub, username, groups, scopes, auth_method: authMethod, aud, tool, iat, exp } = read.data;
    const now = Date.now() / 1000;
    // An assertion is for one request. One that lives longer could be kept by a server and used again.
    if (exp - iat > longestLifeSeconds || exp - now > longestLifeSeconds + skewSeconds) throw refused();
    const audience = aud === `${publicUrl}/#registry` ? '#registry' : 'mcpgw';
    return { person: { sub, username, groups, scopes, authMethod }, audience, tool };
  };
}

/** Whether the token is at fault. A key set that cannot be fetched is our own trouble and must not look like a bad login. */
function isRefusal(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}

const people = new WeakMap<object, Person>();

/** Lets a request pass only with a good assertion for one of `audiences`; behind it {@link personOf} has the person. */
export function requirePerson(identify: Identify, audiences: readonly Audience[]): RequestHandler {
  return async (req, _res, next) => {
    const { person } = await identify(req.get('x-mcp-assertion'), audiences);
    people.set(req, person);
    next();
  };
}

/**
 * Lets a request that changes something pass: with the caller's own assertion for the registry, or with one for mcpgw
 * that was made for a call of exactly `tool`. An assertion comes with every call of every tool, those that only look
 * included; without this, mcpgw could do with any of them whatever its caller may do here.
 */
export function requireOperation(identify: Identify, tool: ChangingTool): RequestHandler {
  return async (req, _res, next) => {
    const arrival = await identify(req.get('x-mcp-assertion'), ['#registry', 'mcpgw']);
    if (arrival.audience !== '#registry' && arrival.tool !== tool) {
      const said = `Through mcpgw this can be done by a call of ${tool} only.`;
      throw new RegistryError('identity_required', `The identity that came was not made for this. ${said}`);
    }
    people.set(req, arrival.person);
    next();
  };
}

/**
 * The person behind a request.
 * @throws {RegistryError} `identity_required` on a route that forgot {@link requirePerson}, so that it stays shut
 */
export function personOf(req: Request): Person {
  const person = people.get(req);
  if (!person) throw new RegistryError('identity_required', 'No identity came with this request.');
  return person;
}

/** Like {@link personOf} for pages that also exist for nobody, such as an error page. */
export function personIfAny(req: Request): Person | undefined {
  return people.get(req);
}
