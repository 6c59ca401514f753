import { createAddressCheck, parseCidr } from '../../../../common/network/addresses.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { AccountProvider } from '../../../../common/upstream-secrets/account-entry.ts';
import { parseSecrets } from '../../../../common/upstream-secrets/secrets-file.ts';
import { coversServer } from '../../../../common/upstream-secrets/server-address.ts';
import { createConnectionTest } from '../../../../registry/health/probe/connection-test.ts';
import { probeServer } from '../../../../registry/health/probe/mcp-probe.ts';
import { createUpstreamAuth } from '../../../../registry/routing/upstream-auth.ts';
import { createUpstreams } from '../../../../registry/routing/upstreams.ts';
import type { Health, HealthDetails } from '../../../../registry/servers/server-health.ts';
import { startAccountServer } from '../../../support/accounts/account-server.ts';
import { listen } from '../../../support/listen.ts';
import { admin, publicUrl, recordingLog, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';

const claimed = 'https://login.example.com/<b>tenant';
/** What the server's document says; undefined for no document. */
let document: unknown;
const asked: string[] = [];
/** A server that serves people with accounts. Its document is below the path of its endpoint. */
const server = await listen((req, res) => {
  asked.push(`${req.method} ${req.url}`);
  if (req.url === '/.well-known/oauth-protected-resource/mcp' && document !== undefined)
    return void res.end(typeof document === 'string' ? document : JSON.stringify(document));
  res.writeHead(req.url?.startsWith('/.well-known/') ? 404 : 401).end();
});
const origin = `http://127.0.0.1:${server.port}`;

const { accounts } = parseSecrets(
  `notes-entry: { account: { issuer: 'https://login.example.com', title: Notes Inc. }, for: ['${origin}/mcp'] }`,
);
const providers = new Map(accounts.map((entry) => [entry.name, entry as AccountProvider]));
/** Whether the operator has the entry. */
let hasEntry = true;
const upstreamAuth = createUpstreamAuth({
  find: (name) => (name === 'ours' ? [{ header: 'Authorization', value: 'Bearer wrong' }] : undefined),
  account: (name, { address }) => {
    const provider = hasEntry ? providers.get(name) : undefined;
    return provider && coversServer(provider.for, address) ? provider : undefined;
  },
  accounts: () => (hasEntry ? providers : new Map()),
});
const upstreams = createUpstreams({
  servers: () => [],
  resolve: async (host) => [host],
  check: createAddressCheck({ allowPrivate: [parseCidr('127.0.0.0/8') ?? never()], ownPorts: new Set() }),
  routesDir: '/nonexistent',
  log: recordingLog().log,
});
const policy = parsePolicy(`
group_mappings: { mcp-registry-admin: [mcp-registry-admin] }
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], modify_service: [all] }
`);
const reached: Health = {
  status: 'healthy',
  checkedAt: new Date(),
  error: null,
  tools: [],
  details: { announced: null, slow: false, unstable: false } as HealthDetails,
};
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    healthOf: () => reached,
    upstreamAuth,
    connect: createConnectionTest({ find: upstreams.find, upstreamAuth }),
    edits: { examine: async (entry) => upstreamAuth.problem(entry)?.reason },
  });
});
afterAll(() => Promise.all([registry.close(), server.close()]));
beforeEach(() => {
  document = { resource: `${origin}/mcp`, authorization_servers: [claimed] };
  hasEntry = true;
  asked.splice(0);
});

function never(): never {
  throw new Error('no such network');
}
const headers = async () => ({ 'X-Mcp-Assertion': await signer.sign(admin), Accept: 'text/html', Origin: publicUrl });
const textOf = async (answer: Response) =>
  (await answer.text()).replaceAll('&#39;', "'").replaceAll('&quot;', '"').replace(/\s+/g, ' ');
const post = async (path: string, fields: Record<string, string>) => {
  const sent = { method: 'POST', headers: await headers(), body: new URLSearchParams(fields) };
  const answer = await fetch(registry.url + path, { ...sent, redirect: 'manual' });
  return { status: answer.status, html: await textOf(answer) };
};
const get = async (path: string) => textOf(await fetch(registry.url + path, { headers: await headers() }));
const tryIt = (fields: Record<string, string> = {}) =>
  post('/servers/register', { do: 'test', upstream: `${origin}/mcp`, whose: 'none', ...fields });
const isChosen = (html: string, value: string) => new RegExp(`name="whose" value="${value}" checked`).test(html);

test('A test of a server that wants accounts chooses them, with the entry of the operator that covers the address', async () => {
  const { html } = await tryIt();
  expect(html).toContain('The operator has an entry for this address: notes-entry.');
  expect([isChosen(html, 'person'), isChosen(html, 'none')]).toEqual([true, false]);
  expect(html).toMatch(/<input id="account"[^>]* value="notes-entry"/);
  expect(html).not.toContain('login.example.com');
  const again = await tryIt({ whose: 'person', account: 'notes-entry' });
  expect(again.html).toMatch(/It works\.<\/strong> It wants each person’s own account\./);
  expect(again.html).toContain("It wants each person's own account (HTTP 401 without one).");
});

test('Without such an entry it shows the lines that would be one, with the issuer that the server claims as text', async () => {
  hasEntry = false;
  const { html } = await tryIt({ name: 'notes' });
  expect(html).toContain('no entry of the operator covers this address');
  expect(html).toContain('any server can claim any issuer');
  const lines = /<code id="entry-lines">([\s\S]*?)<\/code>/.exec(html)?.[1];
  expect(lines).toBe(`notes: account: issuer: https://login.example.com/%3Cb%3Etenant for: - ${origin}/mcp`);
  expect(isChosen(html, 'none')).toBe(true);
});

test.each([
  ['no document', undefined],
  ['a document that is no JSON', '{'],
  ['one that names no issuer', { authorization_servers: [] }],
  ['one without end', { authorization_servers: ['https://a.example'], more: 'x'.repeat(20_000) }],
])('A server with %s only wants a credential', async (_what, given) => {
  document = given;
  const { html } = await tryIt();
  expect(html).toContain('It wants credentials of its own (HTTP 401).');
  expect(html).not.toContain('account</strong>');
  expect(asked.filter((each) => !each.startsWith('GET /.well-known/') && !each.startsWith('POST /mcp'))).toEqual([]);
});

test('A server of the MCP SDK that wants tokens of a provider is recognized', async () => {
  const real = await startAccountServer('https://login.example.com');
  try {
    const { html } = await tryIt({ upstream: real.address, name: 'real' });
    expect(html).toContain(`real: account: issuer: https://login.example.com for: - ${real.address}`);
    expect(real.seen.authorizations.every((sent) => sent === undefined)).toBe(true);
  } finally {
    await real.close();
  }
});

test('A claim that is no address is not shown', async () => {
  hasEntry = false;
  document = { authorization_servers: ['javascript:alert(1)'] };
  const { html } = await tryIt();
  expect(html).toContain('The server does not say who gives people these accounts.');
  expect(html).not.toContain('javascript:');
});

test('A check without a credential finds a server with accounts healthy, in words of its own; a refused one does not', async () => {
  const entry = { name: 'a', title: 'a', description: 'a', tags: [], upstream: origin };
  const notes = {
    ...entry,
    transports: { 'streamable-http': '/mcp' },
    auth: { account: 'notes-entry', checks: 'ours' },
  };
  const check = (sent?: Record<string, string>) =>
    probeServer(notes, 'streamable-http', [`127.0.0.1:${server.port}`], { answer: 20_000, whole: 30_000 }, sent);
  const { status, error, observed, steps } = await check();
  expect([status, error, observed]).toEqual(['healthy', null, undefined]);
  expect(steps.map(({ state, reason }) => [state, reason])).toEqual([
    ['ok', null],
    ['skipped', "It wants each person's own account (HTTP 401 without one)."],
    ['skipped', 'A check without a credential cannot read them.'],
  ]);
  expect((await check({ Authorization: 'Bearer S3cret' })).status).toBe('needs-authentication');
});

test('A server with accounts says so in the list and on its page, and what does not work without a credential for checks', async () => {
  const given = { name: 'notes', title: 'Notes', description: 'Pages', upstream: `${origin}/mcp`, enabled: 'on' };
  const fields = { ...given, whose: 'person', account: 'notes-entry', secret: 'left-over' };
  expect((await post('/servers/register', { ...fields, account: 'other' })).html).toContain(
    'There are no accounts called "other" for it.',
  );
  expect((await post('/servers/register', { ...fields, checks: 'gone' })).html).toMatch(
    /id="checks-fault">.*?There is no secret called "gone"/,
  );
  expect((await post('/servers/register', fields)).status).toBe(303);
  expect(registry.store.get('notes')?.auth).toEqual({ account: 'notes-entry' });
  const list = await get('/');
  expect(list).toMatch(/Notes<\/a> <code class="quiet">notes<\/code> <span class="badge">own account/);
  expect(list).toMatch(/Reachable/);
  const page = await get('/servers/notes');
  expect(page).toContain('The registry has no credential for checks, so it cannot read the tools');
  expect(await get('/servers/notes/connect')).toContain('each person’s own account at Notes Inc.');
  const form = await get('/servers/notes/edit');
  expect(isChosen(form, 'person')).toBe(true);
  expect(form).toContain('If you change it, each of them has to connect again.');
  expect(await get('/register?kind=set')).toContain('it shows its tools only to people with an account there');
  hasEntry = false;
  expect(await get('/servers/notes')).toContain('<strong>No person can use it.</strong>');
});
