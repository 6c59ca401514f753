import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type Echo, startEcho } from '../support/gateway/echo.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { writePolicy } from '../support/gateway/reader-policy.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { until } from '../support/listen.ts';

/** Headers by which proxies and platforms tell a server who calls, and others that some framework obeys. */
const foreign = `
  X-Forwarded-Client-Cert Client-Cert Client-Cert-Chain Ssl-Client-Cert X-Ssl-Client-Cert X-Ssl-Client-S-Dn X-Ssl-Client-Verify
  X-Client-Cert X-Client-Dn X-Client-Verify X-Arr-Clientcert X-Amzn-Mtls-Clientcert X-Amzn-Mtls-Clientcert-Subject
  Impersonate-User Impersonate-Group Impersonate-Uid Impersonate-Extra-Scopes X-Remote-User X-Remote-Group X-Remote-Groups
  X-Remote-Extra-Scopes X-Remote-Email X-Remote-Name Remote-User Remote-Groups Remote-Email Remote-Name X-Webauth-User
  X-Webauth-Email X-Webauth-Name X-Webauth-Groups X-Ms-Client-Principal X-Ms-Client-Principal-Id X-Ms-Client-Principal-Name
  X-Ms-Client-Principal-Idp X-Ms-Token-Aad-Access-Token X-Ms-Token-Aad-Id-Token Cf-Access-Jwt-Assertion
  Cf-Access-Authenticated-User-Email Cf-Access-Client-Id Cf-Access-Client-Secret Cf-Access-Token Cf-Connecting-Ip Cf-Ipcountry
  X-Consumer-Id X-Consumer-Custom-Id X-Consumer-Username X-Consumer-Groups X-Credential-Identifier X-Authenticated-Userid
  X-Authenticated-Scope X-Authenticated-Groups X-Anonymous-Consumer X-Authentik-Username X-Authentik-Groups X-Authentik-Email
  X-Authentik-Name X-Authentik-Uid X-Authentik-Jwt X-Authentik-Entitlements Metadata-Flavor Metadata X-Aws-Ec2-Metadata-Token
  X-Google-Metadata-Request X-Goog-Iap-Jwt-Assertion X-Goog-Authenticated-User-Email X-Goog-Authenticated-User-Id
  X-Goog-Api-Key X-Serverless-Authorization X-Amzn-Oidc-Identity X-Amzn-Oidc-Data X-Amzn-Oidc-Accesstoken X-Amz-Security-Token
  X-Amz-Date X-Amzn-Trace-Id X-Apigateway-Event X-Apigateway-Api-Userinfo X-Pomerium-Jwt-Assertion X-Pomerium-Claim-Email
  X-Vouch-User X-Vouch-Idp-Claims-Email X-Auth-Request-User X-Auth-Request-Email X-Auth-Request-Groups
  X-Auth-Request-Access-Token X-Auth-Request-Preferred-Username X-Auth-Token X-Auth-User X-Auth-Roles X-Auth-Subject
  X-Access-Token X-Id-Token X-Userinfo X-User-Id X-User-Email X-User-Roles X-User-Groups X-Email X-Roles X-Role X-Admin
  X-Tenant-Id X-Org-Id X-Scope-Orgid X-Grafana-User X-Gitlab-Token X-Vault-Token X-Vault-Namespace X-Csrf-Token X-Session-Id
  X-Jwt-Payload X-Jwt-Claim-Sub X-Jwt-Assertion X-Endpoint-Api-Userinfo X-Trusted-Proxy X-Proxy-User X-Proxy-Roles X-Sudo
  X-Original-User X-Original-Url X-Original-Uri X-Original-Method X-Original-Host X-Rewrite-Url X-Http-Method
  X-Http-Method-Override X-Method-Override X-Http-Path-Override X-Host X-Forwarded X-Forwarded-For X-Forwarded-Host
  X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Proto X-Forwarded-Scheme X-Forwarded-Server X-Forwarded-User X-Forwarded-Email
  X-Forwarded-Groups X-Forwarded-Access-Token X-Forwarded-Preferred-Username Forwarded Via X-Real-Ip X-Client-Ip True-Client-Ip
  Fastly-Client-Ip X-Cluster-Client-Ip X-Appengine-User-Email X-Appengine-Inbound-Appid X-Cloud-Trace-Context X-B3-Traceid
  Baggage X-Envoy-Original-Path X-Envoy-Internal X-Envoy-Decorator-Operation X-Accel-Redirect X-Sendfile Front-End-Https
  X-Url-Scheme X-Scheme X-Mcp-Secret X-Mcp-Account X-Mcp-Address X-Mcp-Server X-Mcp-Upstream X-Upstream-Authorization X-Resource
  X-Relay-Error
  X-Mcp-Toolsets Mcp-Param-City Mcp-Param-User Mcp-Unknown Referer Dnt Pragma Cache-Control If-None-Match Range Accept-Encoding
`
  .trim()
  .split(/\s+/);
const random = Array.from({ length: 20 }, () => `X-${randomBytes(6).toString('hex')}`);
const sent = Object.fromEntries([...foreign, ...random].map((name) => [name.toLowerCase(), 'forged-value']));

const policy = writePolicy();
/** The reader may call one tool with some arguments only, and another one with all. */
const rules = `
mcp-servers-restricted/read:
  - server: cities
    methods: [tools/list, tools/call]
    tools: [free, { name: find, arguments: { region: [eu] } }]
`;
let gateway: Gateway;
let named: Echo;
let cities: Server;
let admin: Record<string, string>;
const mcp = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** An MCP server whose tool has its callers repeat an argument in a header. */
function startCities(): Promise<Server> {
  const region = { type: 'string', 'x-mcp-header': 'Region' };
  const inputSchema = {
    type: 'object',
    properties: { region, deep: { properties: { user: { 'x-mcp-header': 'User' } } } },
  };
  const server = createServer(async (req, res) => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const { id, method } = (await json(req)) as { id?: number; method: string };
    if (id === undefined) return void res.writeHead(202).end();
    const answers: Record<string, object> = {
      initialize: {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'cities', version: '1' },
      },
      'tools/list': { tools: ['find', 'free'].map((name) => ({ name, inputSchema })) },
      'tools/call': { content: [], headers: req.headers },
    };
    const said = answers[method] ? { result: answers[method] } : { error: { code: -32601, message: 'no such method' } };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

beforeAll(async () => {
  named = await startEcho();
  cities = await startCities();
  const at = (name: string, upstream: string, more: object = {}) => {
    return {
      name,
      title: name,
      description: name,
      upstream,
      transports: { 'streamable-http': '/mcp' },
      tags: [],
      ...more,
    };
  };
  policy.replace(rules);
  gateway = await startGateway({ SCOPES_FILE: policy.SCOPES_FILE }, [
    at('named', named.url, { forward_headers: ['X-MCP-Toolsets', 'X-Atlassian-Jira-Url'] }),
    at('hosted', named.url, { host_header: 'mcp.internal:8000' }),
    at('cities', `http://127.0.0.1:${(cities.address() as AddressInfo).port}`),
  ]);
  admin = { ...mcp, authorization: `Bearer ${await gateway.agentToken()}` };
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  await named?.stop();
  cities?.closeAllConnections();
  cities?.close();
  policy.remove();
});
beforeEach(() => {
  gateway.echo.reset();
  named.reset();
});

const ask = (server: string, body: string, headers: Record<string, string>) =>
  send(gateway.ports.gateway, { path: `/${server}/mcp`, body, headers: { ...headers, ...admin } });
const call = rpc('tools/call', { name: 'look' });
const initialize = rpc('initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'x', version: '1' },
});
const forgedIn = (headers: Record<string, unknown> = {}) =>
  Object.keys(headers).filter((name) => headers[name] === 'forged-value');

test('There are more than 150 foreign headers', () => {
  expect(Object.keys(sent).length).toBeGreaterThan(150);
});

test.each([
  ['directly', call],
  ['through the relay', initialize],
])('No header that a client adds reaches a server %s', async (_way, body) => {
  const names = Object.keys(sent);
  // nginx reads at most 64 kB of headers, and the relay fewer: send them in parts, in any case the same.
  for (let from = 0; from < names.length; from += 60) {
    gateway.echo.reset();
    const part = Object.fromEntries(names.slice(from, from + 60).map((name) => [name, 'forged-value']));
    expect((await ask('echo', body, part)).status).toBe(200);
    expect(gateway.echo.seen).toHaveLength(1);
    expect(forgedIn(gateway.echo.seen[0]?.headers)).toEqual([]);
  }
});

test.each([
  ['directly', call],
  ['through the relay', initialize],
])('A header that the entry of a server names reaches this server and no other, %s', async (_way, body) => {
  const headers = { 'x-mcp-toolsets': 'repos,issues', 'x-atlassian-jira-url': 'https://jira.example', 'x-other': 'no' };
  expect((await ask('named', body, headers)).status).toBe(200);
  expect(named.seen[0]?.headers).toMatchObject({
    'x-mcp-toolsets': 'repos,issues',
    'x-atlassian-jira-url': 'https://jira.example',
    'x-server-name': 'named',
    host: new URL(named.url).host,
  });
  expect(named.seen[0]?.headers['x-other']).toBeUndefined();
  expect((await ask('echo', body, headers)).status).toBe(200);
  expect(gateway.echo.seen[0]?.headers['x-mcp-toolsets']).toBeUndefined();
});

test.each([
  ['directly', call],
  ['through the relay', initialize],
])('A server gets the Host that its entry names, %s', async (_way, body) => {
  expect((await ask('hosted', body, { 'x-forwarded-host': 'evil.example' })).status).toBe(200);
  expect(named.seen[0]?.rawHeaders.filter((_, i, all) => all[i - 1]?.toLowerCase() === 'host')).toEqual([
    'mcp.internal:8000',
  ]);
  expect(named.seen[0]?.headers['x-server-name']).toBe('hosted');
});

test('The language and the name of the client reach every server', async () => {
  await ask('echo', call, { 'user-agent': 'a-client/1', 'accept-language': 'de' });
  expect(gateway.echo.seen[0]?.headers).toMatchObject({ 'user-agent': 'a-client/1', 'accept-language': 'de' });
});

test('The headers that an approved tool has its callers send reach its server once nginx has reloaded', async () => {
  const headers = { 'mcp-param-region': 'eu', 'mcp-param-user': 'an argument', 'mcp-param-city': 'Tokyo' };
  const arrived = async () => JSON.parse((await ask('cities', rpc('tools/call', { name: 'find' }), headers)).body);
  let result: { headers: Record<string, string> } = { headers: {} };
  await until(async () => {
    ({ result } = await arrived());
    return result.headers['mcp-param-region'];
  });
  expect(result.headers).toMatchObject({ 'mcp-param-region': 'eu', 'mcp-param-user': 'an argument' });
  expect(result.headers['mcp-param-city']).toBeUndefined();
  expect(readFileSync(`${gateway.dataDir}/nginx/routes`, 'utf8')).toMatch(
    /^cities .* - Mcp-Param-Region,Mcp-Param-User$/m,
  );
});

test('No copy of an argument reaches a server with a call that is allowed because of its arguments, on any way', async () => {
  const reader = { ...mcp, authorization: `Bearer ${await gateway.agentToken('reader')}` };
  const copies = { 'mcp-param-region': 'us', 'mcp-param-user': 'root', 'mcp-method': 'tools/call' };
  const arrived = async (who: Record<string, string>, name: string, region: string, more: object = {}) => {
    const body = rpc('tools/call', { name, arguments: { region }, ...more });
    const { status, body: text } = await send(gateway.ports.gateway, {
      path: '/cities/mcp',
      body,
      headers: { ...copies, ...who },
    });
    const { result, error } = JSON.parse(text);
    // Everything else is as with other calls.
    if (result) expect(result.headers).toMatchObject({ 'x-server-name': 'cities', 'x-tool-name': name });
    if (result) expect(result.headers.cookie ?? result.headers.authorization).toBeUndefined();
    return [status, result?.headers['mcp-param-region'], result?.headers['mcp-param-user'], error?.data];
  };
  await until(async () => (await arrived(admin, 'find', 'eu'))[1]);
  expect(await arrived(admin, 'find', 'eu')).toEqual([200, 'us', 'root', undefined]);
  expect(await arrived(reader, 'find', 'eu')).toEqual([200, undefined, undefined, undefined]);
  // Through the relay, because the answer may be a task.
  expect(await arrived(reader, 'find', 'eu', { task: {} })).toEqual([200, undefined, undefined, undefined]);
  expect(await arrived(reader, 'free', 'us')).toEqual([200, 'us', 'root', undefined]);
  // 403, because another scope would help this agent.
  const refused = { reason: 'not_permitted', argument: 'region' };
  expect(await arrived(reader, 'find', 'us')).toEqual([403, undefined, undefined, refused]);
});
