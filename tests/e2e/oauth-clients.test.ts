import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as v2 from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { decodeJwt } from 'jose';
import { createAccessTokens } from '../../auth-server/identity/access-token.ts';
import { createSigningKeys } from '../../auth-server/keys/signing-keys.ts';
import { openStore } from '../../auth-server/store/store.ts';
import { useClock } from '../support/clock.ts';
import { answerClient } from '../support/gateway/consent.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { openStream } from '../support/gateway/open-stream.ts';
import { until } from '../support/listen.ts';

const run = promisify(execFile);
const clock = useClock();
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({}, [], { processes: ['auth-server'] });
}, 180_000);
afterAll(() => gateway?.stop());

const redirectUrl = 'http://127.0.0.1:7999/callback';

/** What an application keeps for its SDK: nothing at first. */
function newApplication() {
  const kept: {
    client?: OAuthClientInformationFull | undefined;
    tokens?: OAuthTokens | undefined;
    verifier: string;
    discovery?: unknown;
    code?: string;
    opened: URL[];
  } = { verifier: '', opened: [] };
  const provider = {
    redirectUrl,
    clientMetadata: { client_name: 'An application', redirect_uris: [redirectUrl] },
    state: () => 'the state',
    clientInformation: () => kept.client,
    saveClientInformation: (client: unknown) => {
      kept.client = client as OAuthClientInformationFull;
    },
    tokens: () => kept.tokens,
    saveTokens: (tokens: unknown) => {
      kept.tokens = tokens as OAuthTokens;
    },
    redirectToAuthorization: (url: URL) => void kept.opened.push(url),
    saveCodeVerifier: (verifier: string) => {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier,
    saveDiscoveryState: (state: unknown) => {
      kept.discovery = state;
    },
    discoveryState: () => kept.discovery as undefined,
    invalidateCredentials: (scope: string) => {
      if (scope === 'all' || scope === 'tokens') kept.tokens = undefined;
      if (scope === 'all' || scope === 'client') kept.client = undefined;
    },
  };
  return { kept, provider };
}
type Application = ReturnType<typeof newApplication>;

interface Connection {
  call(tool: string, args: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}
interface Sdk {
  connect(server: string, application: Application): Promise<Connection>;
  finish(server: string, application: Application, answer: URLSearchParams): Promise<void>;
}
const info = { name: 'an application', version: '1' };
const textOf = (result: unknown) => JSON.stringify((result as { content: unknown }).content);
const addressOf = (server: string) => new URL(`${gateway.url}/${server}/mcp`);

const sdks: [string, Sdk][] = [
  [
    'SDK v1',
    {
      async connect(server, { provider }) {
        const client = new ClientV1(info);
        const transport = new HttpV1(addressOf(server), { authProvider: provider });
        await client.connect(transport as unknown as Transport);
        return {
          call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
          close: () => client.close(),
        };
      },
      finish: (server, { provider }, answer) =>
        new HttpV1(addressOf(server), { authProvider: provider }).finishAuth(answer.get('code') ?? ''),
    },
  ],
  [
    'SDK v2',
    {
      async connect(server, { provider }) {
        const client = new v2.Client(info);
        const options = { authProvider: provider as unknown as v2.OAuthClientProvider };
        await client.connect(new v2.StreamableHTTPClientTransport(addressOf(server), options));
        return {
          call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
          close: () => client.close(),
        };
      },
      finish: (server, { provider }, answer) =>
        new v2.StreamableHTTPClientTransport(addressOf(server), {
          authProvider: provider as unknown as v2.OAuthClientProvider,
        }).finishAuth(answer),
    },
  ],
];

/** From nothing to a connection: the application opens an address, the person signs in and allows it. */
async function logIn(sdk: Sdk, person: string, application = newApplication(), server = 'currenttime') {
  await expect(sdk.connect(server, application)).rejects.toThrow(/Unauthorized/i);
  const answer = await answerClient(gateway.url, application.kept.opened.at(-1) ?? '', person);
  application.kept.code = answer.searchParams.get('code') ?? '';
  await sdk.finish(server, application, answer.searchParams);
  return { application, connection: await sdk.connect(server, application) };
}

/** The access token that an application would have after ten minutes without a call. */
async function expiredToken(token = ''): Promise<string> {
  const store = await openStore(gateway.dataDir);
  const { sub = '', sid, client_id, aud } = decodeJwt<{ sid: string; client_id: string }>(token);
  clock.advance(-700);
  const tokens = createAccessTokens(createSigningKeys(store.accessTokenKeys), gateway.url);
  const expired = await tokens.mint({ sub, sid, client: client_id, resource: String(aud) });
  clock.advance(700);
  await store.close();
  return expired;
}

const tokyo = ['current_time_by_timezone', { tz_name: 'Asia/Tokyo' }] as const;

describe.each(sdks)('%s', (_name, sdk) => {
  test('comes from nothing to a tool call: it finds the gateway, registers, and the person allows it', async () => {
    const { application, connection } = await logIn(sdk, 'alice');
    expect(await connection.call(...tokyo)).toContain('Asia/Tokyo');
    await connection.close();
    const { kept } = application;
    const log = gateway.log.join('\n');
    for (const secret of [kept.tokens?.access_token, kept.tokens?.refresh_token, kept.verifier, kept.code])
      expect(log).not.toContain(secret);
    const opened = application.kept.opened[0];
    expect([opened?.origin, opened?.pathname]).toEqual([gateway.url, '/oauth2/authorize']);
    expect(opened?.searchParams.get('resource')).toBe(`${gateway.url}/currenttime/mcp`);
    expect(application.kept.opened).toHaveLength(1);
  });

  test('goes on past an expired token without the person', async () => {
    const { application, connection } = await logIn(sdk, 'alice');
    const before = application.kept.tokens;
    application.kept.tokens = { ...before, access_token: await expiredToken(before?.access_token) } as OAuthTokens;
    expect(await connection.call(...tokyo)).toContain('Asia/Tokyo');
    await connection.close();
    expect(application.kept.tokens?.refresh_token).not.toBe(before?.refresh_token);
    expect(application.kept.opened).toHaveLength(1);
  });

  test('shows a refusal in our words', async () => {
    const { connection } = await logIn(sdk, 'bob');
    await expect(connection.call(...tokyo)).rejects.toThrow(
      /Not allowed: tools\/call current_time_by_timezone on currenttime/,
    );
    await connection.close();
  });

  test('is out when an operator ends the access of the person, and asks for a new login', async () => {
    let opened: Awaited<ReturnType<typeof logIn>> | undefined;
    // A login in the second in which the other SDK's was ended is ended too.
    const isOpen = async () => {
      opened = await logIn(sdk, 'dave', undefined, 'currenttime').catch(() => undefined);
      return opened !== undefined;
    };
    expect(await until(isOpen)).toBe(true);
    if (!opened) return;
    const { application, connection } = opened;
    const command = ['--disable-warning=ExperimentalWarning', 'operations/revoke/main.ts', '--user', 'dave'];
    await run(process.execPath, command, { env: { ...process.env, DATA_DIR: gateway.dataDir } });
    let failure: unknown;
    while (failure === undefined)
      failure = await connection.call(...tokyo).then(
        () => undefined,
        (error: Error) => (/Not allowed/.test(error.message) ? undefined : error),
      );
    expect(String(failure)).toMatch(/Unauthorized/i);
    expect(application.kept.opened).toHaveLength(2);
    await connection.close();
  });

  test('is out when it has revoked its own token', async () => {
    const { application, connection } = await logIn(sdk, 'alice');
    const { client, tokens } = application.kept;
    const body = new URLSearchParams({ client_id: client?.client_id ?? '', token: tokens?.refresh_token ?? '' });
    expect((await fetch(`${gateway.url}/oauth2/revoke`, { method: 'POST', body })).status).toBe(200);
    await expect(
      (async () => {
        for (;;) await connection.call(...tokyo);
      })(),
    ).rejects.toThrow(/Unauthorized/i);
    await connection.close();
  });
});

test('A stream of a client ends when its grant ends, by the client itself or by an administrator', async () => {
  const [, sdk] = sdks[0] ?? [];
  if (!sdk) return;
  gateway.echo.answer = (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
  };
  const store = await openStore(gateway.dataDir);
  const ends = [
    ({ client, tokens }: Application['kept']) => {
      const body = new URLSearchParams({ client_id: client?.client_id ?? '', token: tokens?.access_token ?? '' });
      return fetch(`${gateway.url}/oauth2/revoke`, { method: 'POST', body });
    },
    ({ tokens }: Application['kept']) => store.sessions.end({ sid: String(decodeJwt(tokens?.access_token ?? '').sid) }),
  ];
  for (const end of ends) {
    const application = newApplication();
    const { connection } = await logIn(sdk, 'alice', application);
    await connection.close();
    const address = application.kept.opened[0];
    address?.searchParams.set('resource', `${gateway.url}/echo/mcp`);
    const answer = await answerClient(gateway.url, address ?? '', 'alice');
    const { client, verifier } = application.kept;
    const form = { grant_type: 'authorization_code', redirect_uri: redirectUrl, code_verifier: verifier };
    const code = answer.searchParams.get('code') ?? '';
    const body = new URLSearchParams({ ...form, client_id: client?.client_id ?? '', code });
    const exchanged = await fetch(`${gateway.url}/oauth2/token`, { method: 'POST', body });
    application.kept.tokens = (await exchanged.json()) as OAuthTokens;
    const authorization = `Bearer ${application.kept.tokens?.access_token}`;
    const stream = await openStream(gateway.ports.gateway, {
      path: '/echo/mcp',
      headers: { accept: 'text/event-stream', authorization },
    });
    expect(stream.status).toBe(200);
    await stream.holds('\n\n');
    await end(application.kept);
    await stream.ended;
    expect(stream.text()).toMatch(/: ended: access_ended\n\n$/);
  }
  await store.close();
});

test('While the auth-server is down, clients are told to keep their tokens, and the same ones and a code work after its kill', async () => {
  const [, sdk] = sdks[0] ?? [];
  if (!sdk) return;
  const { application, connection } = await logIn(sdk, 'alice');
  const { client, tokens } = application.kept;
  const form = {
    grant_type: 'refresh_token',
    client_id: client?.client_id ?? '',
    refresh_token: tokens?.refresh_token ?? '',
  };
  const post = (path: string) => fetch(gateway.url + path, { method: 'POST', body: new URLSearchParams(form) });
  const answer = await answerClient(gateway.url, application.kept.opened[0] ?? '', 'alice');
  await gateway.kill('auth-server');
  for (const path of ['/oauth2/token', '/oauth2/revoke', '/oauth2/register']) {
    const refused = await post(path);
    const { error } = (await refused.json()) as { error: string };
    const headers = ['retry-after', 'access-control-allow-origin', 'cache-control'].map((name) =>
      refused.headers.get(name),
    );
    expect([path, refused.status, error, ...headers]).toEqual([
      path,
      503,
      'temporarily_unavailable',
      '5',
      '*',
      'no-store',
    ]);
  }
  await gateway.revive('auth-server');
  expect((await post('/oauth2/token')).status).toBe(200);
  await sdk.finish('currenttime', application, answer.searchParams);
  expect(await connection.call(...tokyo)).toContain('Asia/Tokyo');
  await connection.close();
});
