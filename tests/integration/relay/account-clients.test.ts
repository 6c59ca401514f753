import { randomUUID } from 'node:crypto';
import { json } from 'node:stream/consumers';
import * as v2 from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { accountsWith } from '../../support/auth-server/accounts-in-memory.ts';
import { listen } from '../../support/listen.ts';
import { startFront } from '../../support/relay/front.ts';
import { startRelay } from '../../support/relay/relay-fixture.ts';

const accounts = accountsWith({});
const page = 'http://localhost:8080/accounts/connect/one';
/** Which requests the server takes without a token. */
let isOpen: (method: unknown) => boolean = () => false;
const relay = await startRelay({ accounts });
const server = await listen(async (req, res) => {
  const body = req.method === 'POST' ? ((await json(req)) as { method?: unknown }) : undefined;
  const token = req.headers.authorization;
  if (token === undefined && !isOpen(body?.method))
    return void res.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
  if (body?.method === 'initialize') res.setHeader('mcp-session-id', randomUUID());
  const handler = toNodeHandler(
    createMcpHandler(() => {
      const built = new McpServer({ name: 'one', version: '1' });
      built.registerTool('whoami', {}, () => ({ content: [{ type: 'text', text: String(token) }] }));
      return built;
    }),
  );
  await handler(req as Parameters<typeof handler>[0], res, body);
});
const address = `http://127.0.0.1:${server.port}/mcp -`;
const place = { server: 'one', account: 'notion', address };
await relay.route('one', `http 127.0.0.1:${server.port} 127.0.0.1:${server.port} /mcp - account:notion`);
const front = await startFront(relay, await relay.person('carol', 'all'), {
  'X-Mcp-Account': 'notion',
  'X-Mcp-Address': address,
});
const end = () => accounts.set('carol', 'not_connected', place);
const connect = () => accounts.set('carol', 'of-carol', place);
beforeEach(() => {
  isOpen = () => false;
  end();
});
afterAll(async () => {
  await front.close();
  await relay.close();
  await server.close();
});

const info = { name: 'test', version: '1' };
const elicitation = { form: {}, url: {} };
const hers = { content: [{ type: 'text', text: 'Bearer of-carol' }] };
/** What goes wrong. */
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe('an SDK v1 client', () => {
  const open = async (capabilities: object) => {
    const client = new ClientV1(info, { capabilities });
    // SDK v1's transport does not match its own interface under exactOptionalPropertyTypes.
    await client.connect(new HttpV1(front.url) as unknown as TransportV1);
    return client;
  };

  test('that opens pages learns of the page when it connects, and in the middle of a session, and goes on', async () => {
    const error = await failure(open({ elicitation }));
    expect(error).toBeInstanceOf(UrlElicitationRequiredError);
    expect((error as UrlElicitationRequiredError).elicitations).toMatchObject([{ mode: 'url', url: page }]);
    connect();
    const client = await open({ elicitation });
    expect(await client.callTool({ name: 'whoami' })).toMatchObject(hers);
    end();
    expect(await failure(client.callTool({ name: 'whoami' }))).toMatchObject({ elicitations: [{ url: page }] });
    connect();
    expect(await client.callTool({ name: 'whoami' })).toMatchObject(hers);
    await client.close();
  });

  test('that opens none shows the sentence with the link', async () => {
    expect((await failure(open({})))?.message).toContain(`connect it at ${page}, then try again.`);
  });
});

describe.each<v2.VersionNegotiationMode>(['auto', { pin: '2026-07-28' }, 'legacy'])(
  'an SDK v2 client in mode %j',
  (mode) => {
    const opened: string[] = [];
    const open = async (capabilities: object, action: 'accept' | 'decline' = 'accept', connects = true) => {
      opened.length = 0;
      const client = new v2.Client(info, { capabilities, versionNegotiation: { mode } });
      if ('elicitation' in capabilities)
        client.setRequestHandler('elicitation/create', async ({ params }) => {
          opened.push(String((params as { url?: unknown }).url));
          if (connects) connect();
          return { action };
        });
      await client.connect(new v2.StreamableHTTPClientTransport(front.url));
      return client;
    };

    test('shows the sentence with the link where the server takes nothing without a token', async () => {
      // A client that insists on one version shows its own words for any error of server/discover.
      const sentence = typeof mode === 'string' ? `connect it at ${page}, then try again.` : 'did not offer pinned';
      expect((await failure(open({})))?.message).toContain(sentence);
      expect((await failure(open({ elicitation })))?.message).toContain(sentence);
    });

    test('is asked at its first call where the server is open until then, and goes on', async () => {
      isOpen = (method) => method !== 'tools/call';
      const client = await open({ elicitation });
      expect((await client.listTools()).tools).toHaveLength(1);
      if (mode === 'legacy') {
        const error = await failure(client.callTool({ name: 'whoami' }));
        expect(error).toBeInstanceOf(v2.UrlElicitationRequiredError);
        expect((error as v2.UrlElicitationRequiredError).elicitations).toMatchObject([{ url: page }]);
        connect();
      }
      expect(await client.callTool({ name: 'whoami' })).toMatchObject(hers);
      expect(opened).toEqual(mode === 'legacy' ? [] : [page]);
      await client.close();
    });

    test.each(['accept', 'decline'] as const)(
      'whose person says %s and connects nothing is asked once, and not page after page',
      async (action) => {
        isOpen = (method) => method !== 'tools/call';
        const client = await open({ elicitation }, action, false);
        const error = await failure(client.callTool({ name: 'whoami' }));
        expect(error?.message).toContain(page);
        expect(opened).toEqual(mode === 'legacy' ? [] : [page]);
        await client.close();
      },
    );
  },
);
