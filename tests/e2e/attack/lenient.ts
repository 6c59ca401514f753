import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { send } from '../../../attack/raw.ts';
import type { Gateway } from '../../support/gateway/gateway.ts';
import { startBlind } from './weakened.ts';

type Headers = Record<string, string | string[] | undefined>;

/**
 * An authorization server with the faults that others had: it passes requests on to the real one, after it has taken away
 * what that one would refuse them for.
 */
export async function startLenient(gateway: Gateway): Promise<{ port: number; stop(): Promise<void> }> {
  const target = new URL(`http://127.0.0.1:${gateway.ports.authServer}`);
  /** The browser of each question, and what each code gave. */
  const browsers = new Map<string, string>();
  const exchanged = new Map<string, string>();

  const answer = async (req: IncomingMessage, body: string) => {
    const { method = 'GET', url = '/' } = req;
    const headers: Headers = { ...req.headers, connection: undefined, 'content-length': undefined };
    const [path = ''] = url.split('?');
    forgive(headers, path, browsers.get(path), gateway.url, method);
    const known = exchanged.get(body);
    if (path === '/oauth2/token' && known !== undefined) return { status: 200, headers: {}, body: known };
    const real = await send(target, { method, path: lenientRequest(url), headers, body: body || undefined });
    const asked = String(real.headers.location);
    if (asked.startsWith('/oauth2/consent/') && path === '/oauth2/authorize')
      browsers.set(asked, /mcp_gateway_browser=[\w-]+/.exec(String(real.headers['set-cookie']))?.[0] ?? '');
    if (path === '/oauth2/token' && real.status === 200) exchanged.set(body, real.body);
    if (path === '/oauth2/register' && real.status === 400)
      return { status: 201, headers: {}, body: '{"client_id":"x"}' };
    return real;
  };

  return await startBlind((req, res) => {
    void text(req)
      .then((body) => answer(req, body))
      .then((real) => {
        const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...headers } = real.headers as Headers;
        res.writeHead(real.status, headers as Record<string, string>).end(real.body);
      })
      .catch(() => res.destroy());
  });
}

/** Two resources become the first, and plain PKCE becomes what is allowed. */
function lenientRequest(url: string): string {
  return url
    .replace(/(&resource=[^&]*)&resource=[^&]*/, '$1')
    .replace('code_challenge_method=plain', 'code_challenge_method=S256');
}

function forgive(headers: Headers, path: string, browser: string | undefined, origin: string, method: string): void {
  const isOfAccounts = /^\/((oauth2\/)?accounts|approvals)\//.test(path);
  if (!isOfAccounts && !path.startsWith('/oauth2/consent/')) return;
  headers['sec-purpose'] = undefined;
  if (isOfAccounts) for (const name of ['sec-fetch-site', 'sec-fetch-dest']) headers[name] = undefined;
  if (method === 'POST') headers.origin = origin;
  if (browser !== undefined) headers.cookie = browser;
}
