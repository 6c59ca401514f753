import type { Request, Response } from 'express';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import { sameSubjects } from '../cognito/providers.ts';
import type { SessionStore } from '../store/session.ts';
import type { SessionRecord } from '../store/session-record.ts';

export type StayCookie = ReturnType<typeof createStayCookie>;

const lifetimeMilliseconds = 120_000;

/**
 * The cookie that tells the login page how many clients stay connected. After signing out, the browser goes to the provider,
 * and from there to the login page, whose address the provider compares as a whole. It holds a number and is no credential.
 */
export function createStayCookie(publicUrl: string) {
  const secure = publicUrl.startsWith('https:');
  const name = `${secure ? '__Host-' : ''}mcp_gateway_stay`;
  const options = { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const;
  return {
    keep(res: Response, count: number): void {
      if (count > 0) res.cookie(name, String(count), { ...options, maxAge: lifetimeMilliseconds });
    },
    /** Reads it, once. */
    take(req: Request, res: Response): number {
      const value: unknown = req.cookies[name];
      if (value === undefined) return 0;
      res.clearCookie(name, options);
      return typeof value === 'string' && /^[1-9]\d{0,4}$/.test(value) ? Number(value) : 0;
    },
  };
}

/** How many clients stay connected for the person of a session that has ended; 0 if the database does not answer. */
export async function clientsThatStay(
  { sessions, providers }: { sessions: SessionStore; providers: ReadonlyMap<string, OAuthClient> },
  { provider, sub }: SessionRecord,
): Promise<number> {
  return await sessions.count({ providers: sameSubjects(providers, provider), sub }, 'client').catch(() => 0);
}

/** What to tell a person who signs out; undefined if no client stays. */
export function stayWords(count: number): string | undefined {
  if (count === 0) return undefined;
  const clients = count === 1 ? '1 client stays' : `${count} clients stay`;
  return `${clients} connected and can act as you. You end them on My account.`;
}
