import type { Response } from 'express';

export type SessionCookie = ReturnType<typeof createSessionCookie>;

/**
 * Name and attributes of the session cookie, derived from the gateway's public URL.
 * On https the name starts with `__Host-`, which browsers accept only from the host itself, over https and for `/`
 * (RFC 6265bis section 4.1.3.2): no subdomain or plain-http page can plant a session.
 */
export function createSessionCookie(publicUrl: string) {
  const secure = publicUrl.startsWith('https:');
  const name = secure ? '__Host-mcp_gateway_session' : 'mcp_gateway_session';
  const options = { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const;
  return {
    name,
    set: (res: Response, value: string, lifetimeSeconds: number) =>
      void res.cookie(name, value, { ...options, maxAge: lifetimeSeconds * 1000 }),
    clear: (res: Response) => void res.clearCookie(name, options),
  };
}
