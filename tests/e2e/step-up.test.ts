import * as v2 from '@modelcontextprotocol/client';
import { ClientCredentialsProvider as ProviderV1 } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import { cognitoIssuer, localPoolId } from '../../common/identity/cognito.ts';
import { agents } from '../support/gateway/gateway.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

const gateway = await sharedGateway();

const expectedIssuer = gateway.url;
const pool = cognitoIssuer(localPoolId);
const info = { name: 'test', version: '1' };
const tokyo = { name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } };
const [read, execute] = ['mcp-servers-unrestricted/read', 'mcp-servers-unrestricted/execute'] as const;
const options = (who: keyof typeof agents, scope: string) => ({
  clientId: agents[who][0],
  clientSecret: agents[who][1],
  expectedIssuer,
  scope,
});

/** A fetch that records the scopes that are asked for, the calls, and the challenge. */
function wire() {
  const scopes: (string | null)[] = [];
  let calls = 0;
  let challenge: string | undefined;
  const send = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    const body = String(init?.body ?? '');
    if (pathname === '/oauth2/token') scopes.push(new URLSearchParams(body).get('scope'));
    if (body.includes('"tools/call"')) calls++;
    const response = await fetch(url, init);
    if (response.status === 403) challenge = response.headers.get('www-authenticate') ?? undefined;
    return response;
  };
  return { fetch: send, scopes, calls: () => calls, challenge: () => challenge };
}
type Wire = ReturnType<typeof wire>;

/** SDK v1 ignores the challenge and requests its configured scope. This provider follows the challenge. */
class FollowingV1 extends ProviderV1 {
  readonly wire: Wire;
  constructor(settings: ConstructorParameters<typeof ProviderV1>[0], wire: Wire) {
    super(settings);
    this.wire = wire;
  }
  override prepareTokenRequest(scope?: string): URLSearchParams {
    return super.prepareTokenRequest(/ scope="([^"]*)"/.exec(this.wire.challenge() ?? '')?.[1] ?? scope);
  }
}

/** SDK v2 first requests the scope of the 401, which means all scopes. This provider requests those that it is configured with. */
class CustomScopesV2 extends v2.ClientCredentialsProvider {
  override prepareTokenRequest(scope?: string): URLSearchParams {
    const custom = (scope ?? '').split(' ').filter((one) => one.includes('/'));
    return super.prepareTokenRequest(custom.join(' ') || this.clientMetadata.scope);
  }
}

type Caller = { callTool: (params: typeof tokyo) => Promise<unknown>; close: () => Promise<void> };

async function connectV1(provider: ProviderV1, { fetch }: Wire): Promise<Caller> {
  const client = new ClientV1(info);
  const url = new URL(`${gateway.url}/currenttime/mcp`);
  // SDK v1's own transports do not fit its interface under exactOptionalPropertyTypes.
  await client.connect(new HttpV1(url, { authProvider: provider, fetch }) as object as TransportV1);
  return client;
}

async function connectV2(provider: v2.ClientCredentialsProvider, { fetch }: Wire): Promise<Caller> {
  const client = new v2.Client(info, { versionNegotiation: { mode: 'auto' } });
  const url = new URL(`${gateway.url}/currenttime/mcp`);
  await client.connect(new v2.StreamableHTTPClientTransport(url, { authProvider: provider, fetch }));
  return client;
}

const following: [string, (who: keyof typeof agents, scope: string, w: Wire) => Promise<Caller>][] = [
  ['SDK v1', (who, scope, w) => connectV1(new FollowingV1(options(who, scope), w), w)],
  ['SDK v2', (who, scope, w) => connectV2(new CustomScopesV2(options(who, scope)), w)],
];

test.each(following)(
  'An agent with the read scope that follows the challenge with %s gets a token for execute, and the result of its call',
  async (_sdk, connect) => {
    const traffic = wire();
    const client = await connect('agent', read, traffic);
    expect(traffic.scopes).toEqual([read]);
    expect(JSON.stringify(await client.callTool(tokyo))).toContain('Asia/Tokyo');
    expect(traffic.scopes).toEqual([read, `${read} ${execute}`]);
    expect(JSON.stringify(await client.callTool(tokyo))).toContain('Asia/Tokyo');
    expect([traffic.scopes.length, traffic.calls()]).toEqual([2, 3]);
    await client.close();
  },
);

test.each(following)(
  'An agent whose app client lacks the scope is refused by Cognito once with %s, and does not ask again',
  async (_sdk, connect) => {
    const traffic = wire();
    const client = await connect('reader', 'mcp-servers-restricted/read', traffic);
    const error = (await client.callTool(tokyo).catch((thrown) => thrown)) as Error;
    expect(`${error.name} ${error.message}`).toMatch(/invalid_?scope|does not have that scope/i);
    expect(traffic.scopes).toEqual([
      'mcp-servers-restricted/read',
      'mcp-servers-restricted/read mcp-servers-restricted/execute',
    ]);
    expect(traffic.calls()).toBe(1);
    await client.close();
  },
);

test('Unmodified SDK v1 requests the same scope again, is refused again, and stops', async () => {
  const traffic = wire();
  const client = await connectV1(new ProviderV1(options('agent', read)), traffic);
  await expect(client.callTool(tokyo)).rejects.toThrow(/403 after trying upscoping/);
  expect(traffic.scopes).toEqual([read, read]);
  expect(traffic.calls()).toBe(2);
  await client.close();
});

test('Unmodified SDK v2 requests what the gateway announces, and gets a token with all scopes of its app client', async () => {
  const traffic = wire();
  const provider = new v2.ClientCredentialsProvider(options('agent', read));
  const client = await connectV2(provider, traffic);
  expect(JSON.stringify(await client.callTool(tokyo))).toContain('Asia/Tokyo');
  expect(traffic.scopes).toEqual(['mcp']);
  await client.close();
});

test.each([
  ['SDK v1', (w: Wire) => connectV1(new ProviderV1({ ...options('agent', read), expectedIssuer: pool }), w)],
  [
    'SDK v2',
    (w: Wire) => connectV2(new v2.ClientCredentialsProvider({ ...options('agent', read), expectedIssuer: pool }), w),
  ],
])(
  'An agent on %s that pins the user pool as its issuer reads that the gateway is the issuer now',
  async (_sdk, connect) => {
    const traffic = wire();
    await expect(connect(traffic)).rejects.toThrow(gateway.url);
    expect(traffic.scopes).toEqual([]);
  },
);

test('Unmodified SDK v2 that starts with a token steps up', async () => {
  const traffic = wire();
  const provider = new v2.ClientCredentialsProvider(options('agent', read));
  const first = await traffic.fetch(`http://127.0.0.1:${gateway.ports.cognito}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(agents.agent.join(':'))}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: read }),
  });
  const tokens = (await first.json()) as { access_token: string; token_type: string };
  provider.saveTokens({ ...tokens, issuer: expectedIssuer });
  const client = await connectV2(provider, traffic);
  expect(JSON.stringify(await client.callTool(tokyo))).toContain('Asia/Tokyo');
  expect(traffic.scopes).toEqual([read, `${read} ${execute}`]);
  await client.close();
});
