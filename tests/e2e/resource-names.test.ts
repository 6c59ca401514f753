import { McpServer } from '@modelcontextprotocol/server';
import { createLog } from '../../common/service/log.ts';
import { createMcpApp } from '../../servers/mcp-app.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { type PolicyFile, writePolicy } from '../support/gateway/reader-policy.ts';
import { connections, type Fetch, listen } from '../support/servers/mcp-clients.ts';

/** As a filesystem, a PostgreSQL, an S3 and a notes server name their resources. */
const uris = [
  'file:///srv/data/readme.md',
  'file:///srv/data/a%20b.txt',
  'file:///srv/data/Übersicht – März.txt',
  'file:///C:/Users/me/notes.txt',
  'file:///srv/data/../shared/plan.md',
  'postgres://reader@db.internal:5432/shop/orders/schema',
  'postgres:///public.customers/schema',
  's3://reports/2026/11/summary.csv',
  's3://reports/key with space?',
  's3://reports/100%25%2Fday.csv',
  'note://internal/a',
  'note:///日本語',
  'notes/today.md',
];
/** What a rule with prefixes covers of them: names that each program reads alike. */
const underPrefixes = [
  'file:///srv/data/readme.md',
  'file:///srv/data/a%20b.txt',
  's3://reports/2026/11/summary.csv',
  'note://internal/a',
];

let gateway: Gateway;
let policy: PolicyFile;
let upstream: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  const build = () => {
    const mcp = new McpServer({ name: 'files', version: '1' }, { capabilities: { resources: {} } });
    const { server } = mcp;
    server.setRequestHandler('resources/list', () => ({ resources: uris.map((uri) => ({ uri, name: uri })) }));
    server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
    server.setRequestHandler('resources/read', ({ params: { uri } }) => ({
      contents: [{ uri, text: `This is ${uri}` }],
    }));
    return mcp;
  };
  upstream = await listen(createMcpApp({ name: 'files', log: createLog('files', 'silent'), build }));
  policy = writePolicy();
  policy.replace(`
mcp-servers-restricted/read:
  - server: files
    methods: [resources/list, resources/read]
    resources: ["file:///srv/data/*", "s3://reports/2026/*", "note://internal/*"]
`);
  const { SCOPES_FILE } = policy;
  gateway = await startGateway({ SCOPES_FILE }, [
    {
      ...{ name: 'files', title: 'Files', description: 'Files', upstream: upstream.base },
      transports: { 'streamable-http': '/mcp' },
    },
  ]);
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  upstream?.close();
  policy?.remove();
});

const as =
  (token: string): Fetch =>
  (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  };
const overHttp = connections.filter(([name]) => !/sse/i.test(name));

describe.each(overHttp)('With %s', (_name, connect) => {
  const open = async (which: 'agent' | 'reader') =>
    await connect(`${gateway.url}/files`, as(await gateway.agentToken(which)));
  const listed = async (client: Awaited<ReturnType<typeof open>>) => (await client.resources()).map(({ uri }) => uri);

  test('an administrator lists and reads every resource, as real servers name them', async () => {
    const client = await open('agent');
    expect(await listed(client)).toEqual(uris);
    for (const uri of uris)
      expect(await client.read(uri)).toMatchObject({ contents: [{ uri, text: `This is ${uri}` }] });
    await client.close();
  });

  test('a caller whose rule has prefixes lists and reads what is under them, and nothing else', async () => {
    const client = await open('reader');
    expect(await listed(client)).toEqual(underPrefixes);
    for (const uri of uris) {
      const read = client.read(uri);
      if (underPrefixes.includes(uri)) expect(await read).toMatchObject({ contents: [{ uri }] });
      else await expect(read).rejects.toThrow(/resources\/read|Insufficient scope/);
    }
    await client.close();
  });
});
