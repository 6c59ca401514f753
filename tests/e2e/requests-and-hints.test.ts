import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { answerSoon } from '../support/listen.ts';
import { startChangingServer } from '../support/servers/changing-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'hints-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
writeFileSync(
  SCOPES_FILE,
  `
group_mappings:
  mcp-registry-admin: [editors]
  mcp-registry-operator: [keepers]
  mcp-registry-user: [readers]
UI-Scopes:
  editors: { list_service: [all], modify_service: [all], health_check_service: [all], edit_policy: [all] }
  keepers: { list_service: [weather], modify_service: [weather] }
  readers: { list_service: [weather] }
readers:
  - { server: weather, methods: [tools/list, tools/call], tools: [{ hint: read-only }] }
`,
);
const tool = (name: string, description: string, readOnlyHint = true) => {
  return { name, description, inputSchema: { type: 'object' }, annotations: { readOnlyHint } };
};
let tools = [tool('forecast', 'Tells the weather.'), tool('set_alarm', 'Sets an alarm.', false)];
let gateway: Gateway;
let upstream: Server;
const cookies: Record<string, string> = {};
beforeAll(async () => {
  upstream = await startChangingServer(
    () => tools,
    () => undefined,
  );
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const transports = { 'streamable-http': '/mcp' };
  const weather = { name: 'weather', title: 'Weather', description: 'Weather', upstream: url, transports, tags: [] };
  gateway = await startGateway({ SCOPES_FILE }, [weather]);
  for (const person of ['alice', 'bob', 'dave']) cookies[person] = await gateway.sessionCookie(person);
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  upstream?.closeAllConnections();
  await new Promise((resolve) => upstream?.close(resolve));
  rmSync(folder, { recursive: true });
});

const headersOf = (person: string) => ({ cookie: cookies[person] ?? '', origin: gateway.url });
const mcp = async (body: string) => {
  const headers = {
    ...headersOf('bob'),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  return JSON.parse((await send(gateway.ports.gateway, { path: '/weather/mcp', headers, body })).body);
};
const refusalOf = async (name: string): Promise<string | undefined> =>
  (await mcp(rpc('tools/call', { name }))).error?.message;
const isAllowed = async (name: string) => (await refusalOf(name)) === undefined;
const listed = async () => (await mcp(rpc('tools/list'))).result.tools.map(({ name }: { name: string }) => name);
const page = async (person: string, path: string) => {
  const headers = { ...headersOf(person), accept: 'text/html' };
  return await send(gateway.ports.gateway, { method: 'GET', path, headers });
};
const press = async (person: string, path: string, form: [string, string][]) => {
  const headers = { ...headersOf(person), accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' };
  return await send(gateway.ports.gateway, { path, headers, body: String(new URLSearchParams(form)) });
};
const look = async () => expect((await press('alice', '/servers/weather/check', [])).status).toBe(303);
const approvals = async () => {
  const { body } = await page('alice', '/servers/weather');
  return [...body.matchAll(/name="tool" value="([0-9a-f]{64} [\w-]+)"/g)].map(([, value = '']): [string, string] => {
    return ['tool', value];
  });
};

test('A refused person asks at the address in the refusal; a hint counts once an editor approves it, and no longer when the tool changes', async () => {
  await look();
  const refusal = (await refusalOf('forecast')) ?? '';
  expect(await listed()).toEqual([]);
  const address = new URL(/http\S+\/requests\/new\S+/.exec(refusal)?.[0] ?? '');
  const form = await page('bob', `${address.pathname}${address.search}`);
  expect(form.body).toMatch(/name="tool" value="forecast" checked/);
  const asked = await press('bob', '/requests', [
    ['server', 'weather'],
    ['tool', 'forecast'],
    ['reason', 'To plan trips.'],
  ]);
  expect(asked.status).toBe(303);
  const path = String(asked.headers.location).replace(/\?.*/, '');
  expect((await page('alice', path)).body).toContain('To plan trips.');
  expect((await page('dave', path)).status).toBe(404);

  const seen = await approvals();
  expect(seen).toHaveLength(1);
  expect((await press('dave', '/servers/weather/approve', seen)).status).toBe(403);
  expect(await isAllowed('forecast')).toBe(false);
  expect((await press('alice', '/servers/weather/approve', seen)).status).toBe(303);
  expect(await answerSoon(() => isAllowed('forecast'), true)).toBe(true);
  expect(await answerSoon(listed, ['forecast'])).toEqual(['forecast']);
  expect(await isAllowed('set_alarm')).toBe(false);
  await answerSoon(async () => (await page('alice', path)).body.includes('The policy allows it now'), true);
  expect((await press('alice', `${path}/given`, [])).status).toBe(303);
  expect((await page('bob', path)).body).toContain('given');

  tools = [tool('forecast', 'Tells the weather, and deletes files.'), tool('set_alarm', 'Sets an alarm.')];
  await look();
  expect(await answerSoon(() => isAllowed('forecast'), false)).toBe(false);
  expect(await isAllowed('set_alarm')).toBe(false);
});
