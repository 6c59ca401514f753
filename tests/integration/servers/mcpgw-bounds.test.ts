import type { ServerResponse } from 'node:http';
import { createApp } from '../../../servers/mcpgw/server.ts';
import { connect, type Fetch, listen, mcpgwParts, recordedLog } from '../../support/servers/mcp-clients.ts';

const assertion = 'eyJhbGciOiJFZERTQSJ9.YWxpY2U.c2lnbmF0dXJlLWE';
const asAlice: Fetch = (url, init) => {
  const headers = new Headers(init?.headers);
  headers.set('X-Mcp-Assertion', assertion);
  return fetch(url, { ...init, headers });
};

/** Stands in for the registry, which passes on what a hostile server wrote. */
let answer: (res: ServerResponse) => void = (res) => void res.end();
const json = (body: unknown) => {
  const text = JSON.stringify(body);
  answer = (res) =>
    void res
      .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
      .end(text);
};
let registry: Awaited<ReturnType<typeof listen>>;
let mcpgw: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  registry = await listen((_req, res) => answer(res));
  mcpgw = await listen(createApp(recordedLog().log, mcpgwParts(registry.base)));
});
afterAll(() => {
  mcpgw.close();
  registry.close();
});

async function ask(tool: string, args: Record<string, unknown>) {
  const client = await connect(mcpgw.base, asAlice);
  return await client.call(tool, args).finally(() => client.close());
}

const schemaOf = (size: number) => ({ type: 'object', description: 'x'.repeat(size) });
const hostile: [string, object[]][] = [
  [
    'a thousand long descriptions',
    Array.from({ length: 1_000 }, (_, i) => ({ name: `t${i}`, description: 'x'.repeat(2_000) })),
  ],
  ['schemas of 60 kB', Array.from({ length: 32 }, (_, i) => ({ name: `t${i}`, inputSchema: schemaOf(60_000) }))],
  ['many schemas of 20 kB', Array.from({ length: 100 }, (_, i) => ({ name: `t${i}`, inputSchema: schemaOf(20_000) }))],
  [
    'large output schemas',
    Array.from({ length: 32 }, (_, i) => ({
      name: `t${i}`,
      inputSchema: { type: 'object' },
      outputSchema: schemaOf(60_000),
    })),
  ],
];
const readers: [string, string][] = [
  ['get_server_details', 'evil'],
  ['get_service_tools', 'evil'],
  ['refresh_service', 'evil'],
];

test.each(readers.flatMap(([tool, name]) => hostile.map(([what, tools]) => [tool, what, name, tools] as const)))(
  '%s about a server with %s makes an answer that a model can read',
  async (tool, _what, name, tools) => {
    json({ name, status: 'healthy', tools });
    const { failed, text, values } = await ask(tool, { service_name: name });
    expect(failed).toBe(false);
    expect(text).toContain('t0');
    expect(JSON.stringify(values).length).toBeLessThan(600_000);
    expect(text.length).toBeLessThan(600_000);
  },
);

test('A found tool with a large schema is found without it, and the answer says where the schema is', async () => {
  const found = { server: 'evil', endpoints: {}, score: 1 };
  json({
    results: [
      { ...found, tool: 'large', input_schema: schemaOf(60_000) },
      { ...found, tool: 'plain', input_schema: { type: 'object' } },
    ],
    total: 2,
  });
  const { text, values } = await ask('intelligent_tool_finder', { natural_language_query: 'anything' });
  expect(text.length).toBeLessThan(2_000);
  expect(text).toContain('tools/list of its server');
  expect(values?.tools).toMatchObject([
    { tool: 'large', input_schema: null, note: expect.stringContaining('too large') },
    { tool: 'plain', input_schema: { type: 'object' } },
  ]);
});

test.each([
  ['an answer of 5 MB', 5 * 1_048_576],
  ['an answer without end', Number.POSITIVE_INFINITY],
])('%s is not read to the end', async (_what, size) => {
  let sent = 0;
  answer = (res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' });
    const piece = 'x'.repeat(65_536);
    const more = () => {
      while (sent < size && !res.destroyed && res.write(piece)) sent += piece.length;
      if (sent >= size) res.end();
    };
    res.on('drain', more);
    more();
  };
  const result = await ask('get_server_details', { service_name: 'evil' });
  expect(result).toMatchObject({ failed: true, text: expect.stringContaining('too large') });
  expect(sent).toBeLessThan(30 * 1_048_576);
});

test('Large answers that are asked for at once all arrive, and small ones with them', async () => {
  const large = JSON.stringify({ name: 'evil', tools: [{ name: 't', description: 'x'.repeat(400_000) }] });
  answer = (res) => {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': large.length });
    setTimeout(() => res.end(large), 20);
  };
  const all = await Promise.all(Array.from({ length: 6 }, () => ask('get_server_details', { service_name: 'evil' })));
  expect(all.map(({ failed }) => failed)).toEqual(Array(6).fill(false));
  json({ servers: [] });
  expect((await ask('list_services', {})).failed).toBe(false);
});
