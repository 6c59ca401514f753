import type { ConnectedAccount } from '../../../../common/doors/accounts.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createAccountDoor } from '../../../../registry/doors/account.ts';
import { createPeopleDoor } from '../../../../registry/doors/people.ts';
import { listen } from '../../../support/listen.ts';
import { admin, publicUrl, signer, startRegistry, storeOf } from '../../../support/registry/registry-fixture.ts';

const at = Date.parse('2026-11-20T12:00:00Z') / 1000;
const id = Buffer.from('cognito sub-dave').toString('base64url');
const address = 'https://mcp.example.com/mcp -';
const carol: ConnectedAccount = {
  ...{ server: 'notes', account: 'notion', provider: 'Notion', name: 'carol <b>\u202e', revokes: true, state: 'ok' },
  ...{ since: at - 86_400, lastUsed: at - 7_200, address, settingsPage: 'https://notion.example/settings' },
};

/** An auth-server that answers as each test wants. */
const door = { status: 200, code: 'x', accounts: [carol], asked: [] as unknown[] };
const authServer = await listen((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const url = req.url ?? '';
    if (req.method === 'POST') door.asked.push(JSON.parse(Buffer.concat(chunks).toString()));
    const dave = { id, name: 'Dave', username: 'dave', provider: 'Amazon Cognito', groups: [], sub: 'sub-dave' };
    const answers: Record<string, object> = {
      '/account': { provider: 'Amazon Cognito', makesTokens: false, records: [] },
      '/account/disconnect': { ended: 1 },
      '/people/end': { ended: door.accounts.length },
      [`/people/${id}`]: { person: dave, records: [] },
    };
    const isList = url.endsWith('/connected');
    res.statusCode = isList ? door.status : 200;
    const refused = { error: { code: door.code, message: 'no' } };
    const list = door.status === 200 ? { accounts: door.accounts } : refused;
    res.end(JSON.stringify(isList ? list : answers[url]));
  });
});
const entry = (name: string, auth?: object) => ({
  ...{ name, title: name, description: 'A server', upstream: 'https://mcp.example.com', tags: [] },
  transports: { 'streamable-http': '/mcp' },
  ...(auth && { auth }),
});
const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], view_people: [all], end_access: [all] }
mcp-registry-admin:
  - { server: "*", methods: [tools/call], tools: ["*"] }
`);
const url = `http://127.0.0.1:${authServer.port}`;
const registry = await startRegistry(signer.keys, {
  policy: () => policy,
  store: await storeOf(JSON.stringify([entry('notes', { account: 'notion' }), entry('plain')])),
  account: createAccountDoor(url),
  people: createPeopleDoor(url),
  upstreamAuth: { problem: () => undefined, titleOf: () => 'Notion', accountsFor: () => [] },
  now: () => new Date(at * 1000),
});
afterAll(async () => {
  await registry.close();
  await authServer.close();
});
beforeEach(() => void Object.assign(door, { status: 200, code: 'x', accounts: [carol], asked: [] }));

const ownPage = { Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' };
async function send(path: string, form?: Record<string, string>, more: Record<string, string> = ownPage) {
  const headers = { 'X-Mcp-Assertion': await signer.sign(admin), Accept: 'text/html', ...(form && more) };
  const post = form && { method: 'POST', body: new URLSearchParams(form) };
  const answer = await fetch(registry.url + path, { ...post, headers, redirect: 'manual' });
  const html = await answer.text();
  const words = html
    .slice(html.indexOf('<main'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  return { status: answer.status, location: answer.headers.get('location') ?? '', html, words };
}
const which = { server: 'notes', account: 'notion' };

test('My account lists the accounts at servers: which, as whom, since when, and how to disconnect', async () => {
  const { words, html } = await send('/account');
  expect(words).toContain('Accounts at servers');
  expect(words).toContain('Notion at notes as carol &lt;b&gt;\u{fffd} · since 19 Nov · used 2 h ago');
  expect(html).toContain('action="/account/disconnect"');
  expect(html).not.toContain('Connect again');
  door.accounts = [];
  expect((await send('/account')).words).not.toContain('Accounts at servers');
});

test.each([
  [{ state: 'ended' }, 'the provider does not accept the connection any more'],
  [{ state: 'more_scopes' }, 'the server wants more rights'],
  [{ state: 'refuses' }, 'the server refuses the account'],
  [{ address: 'https://before.example/mcp -' }, 'the address of the server, or its provider, has changed since'],
] as const)(
  'An account that does not count any more (%j) says why, and can be connected again',
  async (change, why) => {
    door.accounts = [{ ...carol, ...change }];
    const { words, html } = await send('/account');
    expect(words).toContain(`Connect it again: ${why}.`);
    expect(html).toContain('href="/accounts/connect/notes"');
    const page = await send('/servers/notes');
    expect(page.words).toContain(`Connect your Notion account again. It is not used: ${why}.`);
  },
);

test('An account at a server that is gone, or wants none any more, can only be disconnected', async () => {
  door.accounts = [
    { ...carol, server: 'gone' },
    { ...carol, server: 'plain' },
  ];
  const { words, html } = await send('/account');
  expect(words.match(/It is not used: the server wants no such account any more\./g)).toHaveLength(2);
  expect(html).not.toContain('/accounts/connect/');
});

test('The page of a server says whether one’s own account is connected, and how to connect it', async () => {
  const connected = await send('/servers/notes');
  expect(connected.words).toContain('Your account: connected as carol &lt;b&gt;\u{fffd} at Notion since 19 Nov');
  door.accounts = [];
  const none = await send('/servers/notes');
  expect(none.words).toContain('It needs your Notion account.');
  expect(none.html).toContain('href="/accounts/connect/notes"');
  expect((await send('/servers/plain')).words).not.toContain('account');
});

test.each([
  [503, 'x', 'Whether it is connected cannot be read at the moment.'],
  [403, 'session_needed', 'It needs your Notion account. It acts as you there'],
])('The page of a server opens also if the auth-server answers %i (%s)', async (status, code, says) => {
  Object.assign(door, { status, code });
  const page = await send('/servers/notes');
  expect([page.status, page.words]).toEqual([200, expect.stringContaining(says)]);
});

test('Disconnecting leads back to where the form was, and says what the provider learns', async () => {
  const { status, location } = await send('/account/disconnect', { ...which, back: '/servers/notes' });
  expect([status, location]).toEqual([303, expect.stringMatching(/^\/servers\/notes\?note=/)]);
  expect(door.asked).toEqual([which]);
  expect((await send(location)).words).toContain('Disconnected: the Notion account at notes.');
  door.accounts = [{ ...carol, revokes: false }];
  const second = await send('/account/disconnect', { ...which, back: 'https://evil.example' });
  expect(second.location).toMatch(/^\/account\?note=/);
  const { words, html } = await send(second.location);
  expect(words).toContain('Notion takes no word from the gateway: take the right away there, too.');
  expect(html).toContain('href="https://notion.example/settings"');
});

test.each([[{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }], [{ Origin: 'null' }], [{}]])(
  'A form that another page has sent (%j) disconnects nothing',
  async (headers) => {
    expect((await send('/account/disconnect', which, headers as Record<string, string>)).status).toBe(403);
    expect((await send('/account/disconnect', { server: 'notes' })).status).toBe(400);
    expect(door.asked).toEqual([]);
  },
);

test('Administrators see the accounts of a person, and disconnect one or all of them', async () => {
  const { words, html } = await send(`/people/${id}`);
  expect(words).toContain('Notion at notes as carol');
  expect(html).not.toContain('notion.example/settings');
  const one = await send('/people/end', { person: id, ...which });
  expect(one.location).toMatch(new RegExp(`^/people/${id}\\?note=`));
  expect((await send(one.location)).words).toContain('Disconnected: the Notion account at notes, of Dave.');
  expect((await send(`/people/end?person=${id}&all=accounts`)).words).toContain('Disconnect all 1 account of Dave?');
  await send('/people/end', { person: id, all: 'accounts' });
  expect(door.asked).toEqual([
    { person: id, ...which },
    { person: id, all: 'accounts' },
  ]);
});

test('The API lists and disconnects the same accounts', async () => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(admin), 'Content-Type': 'application/json' };
  const ask = async (path: string, body?: object) => {
    const post = body && { method: 'POST', body: JSON.stringify(body) };
    return (await fetch(`${registry.url}/api${path}`, { headers, ...post })).json();
  };
  const listed = {
    accounts: [
      {
        ...{ ...which, provider: 'Notion', name: carol.name, state: 'ok', settings: carol.settingsPage },
        ...{ since: '2026-11-19T12:00:00.000Z', last_used: '2026-11-20T10:00:00.000Z' },
      },
    ],
  };
  expect(await ask('/accounts')).toEqual(listed);
  expect(await ask(`/people/${id}/accounts`)).toEqual(listed);
  expect(await ask('/accounts/disconnect', which)).toEqual({ ended: 1 });
  door.accounts = [{ ...carol, address: 'https://before.example/mcp -' }];
  expect(await ask('/accounts')).toMatchObject({ accounts: [{ state: 'moved' }] });
});
