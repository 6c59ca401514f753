import type { Request, Response } from 'express';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { purposeKey } from '../../common/identity/purpose-key.ts';
import type { LoginAttempt } from '../cognito/oauth-client.ts';

/** A personal token that is made when the person comes back from a login of its own. */
export interface PersonalAsked {
  name: string;
  /** The canonical resource. */
  resource: string;
  hours: number;
  /** The browser session that asked. */
  sid: string;
}

/** A held call that is approved when the person comes back from a login of its own. */
export interface ApprovalAsked {
  /** The id of the hold. */
  hold: string;
  /** The browser session that asked. */
  sid: string;
  /** When the login began, in seconds since 1970. */
  begun: number;
}

/** An attempt as its cookie stores it, with the page to return to and the provider. */
export interface KeptAttempt extends LoginAttempt {
  next: string;
  provider: string;
  /** Undefined for a login that opens a session of the browser. */
  personal?: PersonalAsked | undefined;
  approval?: ApprovalAsked | undefined;
}

/** An attempt that came back. `exp` is its expiry, in seconds since 1970. */
type TakenAttempt = KeptAttempt & { exp: number };

export type LoginAttempts = ReturnType<typeof createLoginAttempts>;

const lifetimeSeconds = 600;
const most = 5;
/** More deletions in one answer would not fit nginx's header buffer, and planted cookies would block the login. */
const mostDeleted = 8;
const audience = 'login';

/**
 * Stores login attempts in cookies of the browser that started them: one cookie each, so that several tabs can log in.
 * On https their names start with `__Host-`, as that of the session does: a sibling subdomain or a plain-http page cannot
 * plant an attempt, with which the browser would finish a login that an attacker began. On plain http nothing prevents it.
 * @param secretKeys `SECRET_KEY`; attempts are encrypted (JWE, A256GCM) with a key for this purpose only, so that a login
 *   attempt, which any visitor can start, is good for nothing but finishing that login
 * @param secure whether the gateway is on https
 */
export function createLoginAttempts(secretKeys: readonly [string, ...string[]], secure: boolean) {
  const key = purposeKey(secretKeys[0], audience);
  const prefix = `${secure ? '__Host-' : ''}mcp_gateway_login_`;
  // Browsers accept `__Host-` for the path / only (RFC 6265bis section 4.1.3.2).
  const options = { httpOnly: true, sameSite: 'lax', secure, path: secure ? '/' : '/oauth2' } as const;
  const cookieName = (state: string) => prefix + state.slice(0, 16);
  return {
    async keep(res: Response, attempt: KeptAttempt) {
      const value = await new EncryptJWT({ ...attempt })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds}s`)
        .encrypt(key);
      res.cookie(cookieName(attempt.state), value, { ...options, maxAge: lifetimeSeconds * 1000 });
    },
    /** Returns the attempt with this state and deletes its cookie; undefined if this browser did not start it. */
    async take(req: Request, res: Response, state: unknown): Promise<TakenAttempt | undefined> {
      if (typeof state !== 'string' || !/^[\w-]{20,200}$/.test(state)) return undefined;
      const name = cookieName(state);
      const value: unknown = req.cookies[name];
      if (typeof value !== 'string') return undefined;
      res.clearCookie(name, options);
      try {
        const requiredClaims = ['exp', 'iat', 'state', 'nonce'];
        const { payload } = await jwtDecrypt(value, key, { audience, requiredClaims });
        return payload.state === state ? (payload as unknown as TakenAttempt) : undefined;
      } catch {
        return undefined;
      }
    },
    /** Deletes the oldest attempts, so that abandoned ones do not grow into a header that nginx rejects. */
    prune(req: Request, res: Response) {
      const names = Object.keys(req.cookies).filter((name) => name.startsWith(prefix));
      const tooMany = Math.min(mostDeleted, Math.max(0, names.length - most + 1));
      for (const name of names.slice(0, tooMany)) res.clearCookie(name, options);
    },
  };
}
