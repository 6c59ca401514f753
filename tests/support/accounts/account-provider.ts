import { generateKeyPair } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import Provider, { type Configuration } from 'oidc-provider';
import { listen } from '../listen.ts';

/** What a test may change while the provider runs. */
interface ProviderKnobs {
  /** Lifetime of access tokens in seconds. */
  tokenSeconds: number;
  /** Each refresh gives a new refresh token, and the old one ends its whole grant. */
  rotates: boolean;
  /** Answers each request to the token endpoint with this status instead. */
  tokenStatus: number | undefined;
  /** Waits before it answers a request to the token endpoint. */
  tokenDelayMilliseconds: number;
  /** Does what the token endpoint is asked for, and keeps the answer: it never arrives. */
  losesTokens: boolean;
}

/** A provider with people who have accounts there, such as GitHub. */
export type AccountProvider = Awaited<ReturnType<typeof startAccountProvider>>;

interface ProviderOptions extends Partial<ProviderKnobs> {
  /** Clients that are registered already; none if clients register themselves. */
  clients?: Configuration['clients'];
  /** Whether clients may register themselves (RFC 7591). Default: true. */
  registration?: boolean;
}

const scopes = ['openid', 'offline_access', 'profile', 'mcp', 'mcp:write'];

/**
 * Starts a real OpenID provider on a free port of this machine. People log in by typing a name, such as `carol`, and agree to
 * all that was asked; the browser stays logged in.
 */
export async function startAccountProvider({ clients = [], registration = true, ...given }: ProviderOptions = {}) {
  const knobs: ProviderKnobs = {
    tokenSeconds: 3_600,
    rotates: true,
    tokenStatus: undefined,
    tokenDelayMilliseconds: 0,
    losesTokens: false,
    ...given,
  };
  /** Requests that arrived, as `method path`, and the grants that were asked for at the token endpoint. */
  const seen = { requests: [] as string[], grants: [] as string[], revoked: 0 };
  let handle: ((req: IncomingMessage, res: ServerResponse) => void) | undefined;
  const server = createServer(async (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://127.0.0.1');
    seen.requests.push(`${req.method} ${pathname}`);
    if (pathname === '/token') {
      if (knobs.tokenDelayMilliseconds > 0) await sleep(knobs.tokenDelayMilliseconds, undefined, { ref: false });
      if (knobs.tokenStatus !== undefined) return void res.writeHead(knobs.tokenStatus).end('{"error":"server_error"}');
      if (knobs.losesTokens) res.end = () => res;
    }
    handle?.(req, res);
  });
  const { port, close } = await listen(server);
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, await configurationOf(knobs, clients, registration));
  // koa says that cookies over plain http are a fault.
  provider.proxy = false;
  provider.on('grant.success', (ctx) => void seen.grants.push(String(ctx.oidc.params?.grant_type)));
  provider.on('grant.revoked', () => void seen.revoked++);
  const answer = provider.callback();
  handle = async (req, res) => {
    const [, uid] = /^\/interaction\/([\w-]+)/.exec(req.url ?? '') ?? [];
    if (uid === undefined) return void answer(req, res);
    try {
      await interact(provider, req, res);
    } catch (error) {
      res.writeHead(400).end(String(error));
    }
  };
  return { issuer, port, knobs, seen, provider, close };
}

/** Shows the login page, and takes the name that was typed. */
async function interact(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(req, res);
  if (req.method === 'GET' && prompt.name === 'login') {
    res.setHeader('content-type', 'text/html');
    const form = '<form method=post><label>Account <input name=login></label><button>Agree</button></form>';
    return void res.end(`<!doctype html><title>Provider</title><h1>Log in at the provider</h1>${form}`);
  }
  const typed = req.method === 'POST' ? new URLSearchParams(await text(req)).get('login') : undefined;
  const accountId = typed ?? session?.accountId;
  if (!accountId) return void res.writeHead(400).end('Nothing was typed.');
  const grant = new provider.Grant({ accountId, clientId: String(params.client_id) });
  grant.addOIDCScope(scopes.join(' '));
  if (params.resource !== undefined) grant.addResourceScope(String(params.resource), scopes.join(' '));
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

async function configurationOf(
  knobs: ProviderKnobs,
  clients: NonNullable<Configuration['clients']>,
  registration: boolean,
): Promise<Configuration> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return {
    clients,
    scopes,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'test' } as never] },
    cookies: { keys: ['test'], short: { path: '/' } },
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: ['authorization_code', 'refresh_token'] },
    claims: { profile: ['name', 'preferred_username'] },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${sub} at the provider`, preferred_username: sub }),
    }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    rotateRefreshToken: () => knobs.rotates,
    issueRefreshToken: () => true,
    conformIdTokenClaims: false,
    ttl: {
      AccessToken: () => knobs.tokenSeconds,
      RefreshToken: 86_400,
      Session: 3_600,
      Grant: 86_400,
      Interaction: 600,
      IdToken: 3_600,
      AuthorizationCode: 60,
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: registration },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: scopes.join(' '),
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: knobs.tokenSeconds,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  };
}
