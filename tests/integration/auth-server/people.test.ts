import { eventText } from '../../../auth-server/audit/event.ts';
import { decisionsQuery } from '../../../common/doors/decisions.ts';
import type { Others, People, PersonAccess } from '../../../common/doors/people.ts';
import { toolCallRecord } from '../../support/auth-server/audit-records.ts';
import { now, publicUrl, sessionRecord, WEB } from '../../support/auth-server/auth-fixture.ts';
import { newOAuthClient } from '../../support/auth-server/oauth-client.ts';
import { authServerWithPool } from '../../support/auth-server/with-pool.ts';

const { auth, bearer } = await authServerWithPool({
  policyText: `
group_mappings: { users: [users], mcp-registry-admin: [users] }
UI-Scopes:
  admins: { view_people: [all], end_access: [all] }
  viewers: { view_people: [all] }
  editors: { edit_policy: [all] }
  enders: { end_access: [all] }
  partly: { view_people: [currenttime], end_access: [currenttime] }
users:
  - { server: currenttime, methods: [tools/call], tools: ["*"] }
`,
});
const bob = { sub: 'b0b01000-0000-4000-8000-000000000002', username: 'bob', groups: ['users'] };
const admin = { sub: 'ad001000-0000-4000-8000-000000000009', username: 'admin', groups: [] };

let sids = 0;
const add = async (change: Parameters<typeof sessionRecord>[0] = {}) => {
  const record = sessionRecord({ sid: `people-${++sids}`, expiresAt: now() + 3_600, ...change });
  await auth.store.sessions.add(record);
  return record.sid;
};
const addClient = (change: Parameters<typeof sessionRecord>[0] = {}) =>
  add({ kind: 'client', oauthClient: 'digest', resource: `${publicUrl}/currenttime/mcp`, ...change });
const stands = async (sid: string) => (await auth.store.sessions.read(sid)) !== undefined;
/** What the registry passes on for an administrator whose session is this one. */
const assertionOf = async (change: object = {}, resource = '#registry') =>
  auth.assertions.sign(
    {
      ...{ kind: 'person', subject: admin.sub, username: 'admin', clientId: undefined, groups: [], scopes: ['admins'] },
      ...{ authMethod: 'session_cookie', sessionId: own, expiresAt: now() + 600, ...change },
    },
    resource,
  );
const ask = async (path: string, body?: unknown, assertion?: string) => {
  const headers = { 'X-Mcp-Assertion': assertion ?? (await assertionOf()), 'Content-Type': 'application/json' };
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`${auth.url}/people${path}`, { headers, ...post });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text) };
};
const end = async (body: object) => (await ask('/end', body)).body;
const idOf = async (username: string): Promise<string> => {
  const { people } = (await ask(`?q=${username}`)).body as People;
  return people.find((each) => each.username === username)?.id ?? '';
};

let own: string;
beforeEach(async () => {
  await auth.store.sessions.end('everybody');
  own = await add(admin);
});

test('An administrator sees people with what acts as them, and no credential or session id among it', async () => {
  const sid = await add({ ...bob, refreshToken: 'locked-refresh-token' });
  const token = await add({ ...bob, kind: 'personal', oauthClientName: 'nightly', resource: `${publicUrl}/mcp` });
  const client = await addClient({ ...bob, oauthClientName: 'Editor', shownName: 'Bob' });
  const list = await ask('?q=bob');
  expect(list.body).toMatchObject({
    total: 1,
    client: null,
    people: [{ username: 'bob', name: 'Bob', groups: ['users'] }],
  });
  expect(list.body.people[0]).toMatchObject({ signIns: 1, clients: 1, tokens: 1, provider: 'Amazon Cognito' });
  expect(list.body.people[0].names.sort()).toEqual(['Editor', 'nightly']);
  const one = await ask(`/${await idOf('bob')}`);
  const { person, records } = one.body as PersonAccess;
  expect(person).toMatchObject({ sub: bob.sub, username: 'bob' });
  expect(records.map(({ kind, client, clientId }) => [kind, client, clientId]).sort()).toEqual([
    ['browser', null, null],
    ['client', 'Editor', 'digest'],
    ['personal', 'nightly', null],
  ]);
  const text = list.text + one.text;
  for (const secret of [sid, token, client, own, 'locked-refresh-token']) expect(text).not.toContain(secret);
});

test('The list says since when people are signed in and from where they were last seen; a person has it of each access', async () => {
  const at = now();
  await add({ ...bob, createdAt: at - 500, lastSeen: at - 400, loginAddress: '192.0.2.1', usedAddress: '192.0.2.2' });
  await add({ ...bob, createdAt: at - 300, lastSeen: at - 20, usedAddress: '2001:db8::7' });
  await addClient({ ...bob, createdAt: at - 900, lastSeen: at - 200, usedAddress: '192.0.2.9' });
  const { people } = (await ask('?q=bob')).body as People;
  expect(people).toMatchObject([{ since: at - 500, lastUsed: at - 20, usedFrom: '2001:db8::7', accounts: 0 }]);
  const { records: all } = (await ask(`/${await idOf('bob')}`)).body as PersonAccess;
  expect(all.map(({ from, usedFrom }) => [from, usedFrom])).toEqual([
    [null, '2001:db8::7'],
    ['192.0.2.1', '192.0.2.2'],
    [null, '192.0.2.9'],
  ]);
});

test('People who are not signed in are listed if they have accounts at servers or the audit has seen them', async () => {
  const { accountRows } = auth.store;
  const account = { account: 'notes', address: 'https://a.example/mcp', identity: 'i', shownName: undefined };
  const tokens = { locked: 'x', scopes: [], hasRefreshToken: true, expiresAt: undefined, refreshAt: undefined };
  for (const subject of ['sub-gone', bob.sub])
    await accountRows.connect({ key: `k ${subject}`, subject, server: 'notes', ...account, ...tokens });
  await add(bob);
  const names = [
    { subject: bob.sub, username: 'bob' },
    { subject: 'sub-old', username: 'olga', shown_name: 'Olga' },
    { subject: 'agent', username: 'agent', client_id: 'agent' },
  ];
  for (const each of names) auth.audit.add(eventText('accounts/connect', each, { resource: 'mcp', server: 'notes' }));
  const { people } = (await ask('/others?q=sub-')).body as Others;
  expect(people.map(({ sub, name, accounts }) => [sub, name, accounts]).sort()).toEqual([
    ['sub-gone', 'sub-gone', 1],
    ['sub-old', 'Olga (olga)', 0],
  ]);
  const totals = ['OLGA', 'agent', 'bob'].map(async (q) => (await ask(`/others?q=${q}`)).body.total);
  expect(await Promise.all(totals)).toEqual([1, 0, 0]);
  const olga = await ask(`/${people.find(({ sub }) => sub === 'sub-old')?.id}`);
  expect(olga.body).toMatchObject({ person: { sub: 'sub-old', name: 'Olga (olga)', groups: [] }, records: [] });
  expect(((await ask('?q=bob')).body as People).people[0]?.accounts).toBe(1);
});

test('What an administrator ends stands in the audit with whose it was and how much', async () => {
  await addClient({ ...bob, oauthClientName: 'A' });
  await add(bob);
  await end({ person: await idOf('bob'), all: 'everything' });
  await addClient({ ...bob, oauthClientName: 'A' });
  await end({ client: 'digest' });
  await end({ client: 'digest' });
  const by = { method: 'access/end', subject: admin.sub, username: 'admin', resource: 'registry' };
  const query = decisionsQuery.parse({});
  const { decisions } = await auth.audit.ask('page', { query, visible: { servers: 'all' } });
  const ended = decisions.filter(({ method }) => method === 'access/end').reverse();
  expect(ended.slice(-2)).toMatchObject([
    { ...by, about: bob.sub, about_name: 'bob', detail: 'all access of bob', count: 2 },
    { ...by, about: 'digest', about_name: 'A', detail: 'the client “A” for everyone', count: 1 },
  ]);
});

test('One access of a person ends at once, and the list of ended access says who did it', async () => {
  const [ended, kept] = [await addClient({ ...bob, oauthClientName: 'A' }), await add(bob)];
  const person = await idOf('bob');
  const { records } = (await ask(`/${person}`)).body as PersonAccess;
  const id = records.find(({ client }) => client === 'A')?.id;
  expect(await end({ person, id })).toEqual({ ended: 1 });
  expect([await stands(ended), await stands(kept)]).toEqual([false, true]);
  expect((await ask('/ended')).body.ended[0]).toMatchObject({
    ...{ by: 'admin', what: 'one', person: 'bob', client: 'A', ended: 1 },
  });
  expect(await end({ person, id })).toEqual({ ended: 0 });
  expect(auth.lines.join('')).toContain('an administrator has ended the access of others');
});

test.each([
  ['clients', [false, true, true]],
  ['tokens', [true, false, true]],
  ['sessions', [true, true, false]],
  ['everything', [false, false, false]],
] as const)('All %s of a person end, and nothing of another person', async (all, left) => {
  const other = [await addClient(), await add({ ...bob, provider: 'elsewhere' })];
  const mine = [await addClient(bob), await add({ ...bob, kind: 'personal' }), await add(bob)];
  const person = Buffer.from(`cognito ${bob.sub}`).toString('base64url');
  expect(await end({ person, all })).toEqual({ ended: left.filter((each) => !each).length });
  expect(await Promise.all([...mine, ...other, own].map(stands))).toEqual([...left, true, true, true]);
});

test('All access of one client ends for everyone: its tokens are refused, others go on, and it may ask again', async () => {
  const client = await newOAuthClient(auth);
  const { access_token, refresh_token } = await client.tokens();
  const other = await addClient({ ...bob, oauthClient: 'another' });
  const status = async () => (await auth.validate({ Authorization: `Bearer ${access_token}` })).status;
  expect(await status()).not.toBe(401);
  const { clients } = (await ask('/clients')).body;
  const id = clients.find((each: { id: string }) => each.id !== 'another')?.id;
  expect((await ask(`?client=${id}`)).body).toMatchObject({ total: 1, client: { id } });
  expect(await end({ client: id })).toEqual({ ended: 1 });
  expect(await status()).toBe(401);
  expect([(await client.refresh(refresh_token)).status, await stands(other)]).toEqual([400, true]);
  expect((await ask('/ended')).body.ended[0]).toMatchObject({ what: 'client', person: null, ended: 1 });
});

// After the client of alice: a revocation refuses what she gets within the same second.
test('With all access of a person, the tokens that the provider gave them are refused too', async () => {
  await add();
  const shown = await bearer();
  const status = async () => (await auth.validate(shown)).status;
  expect(await status()).not.toBe(401);
  expect(await end({ person: await idOf('alice'), all: 'everything' })).toEqual({ ended: 1 });
  expect(await status()).toBe(401);
});

test('The app client of the provider is no client here: its name ends no sign-in', async () => {
  const sid = await add(bob);
  expect(await end({ client: WEB })).toEqual({ ended: 0 });
  expect(await stands(sid)).toBe(true);
  expect((await ask('')).status).toBe(200);
});

/** A record of a caller in groups, as the auth-server of another start would make it. */
const see = (subject: string, username: string, groups: string[], start = 'one', days = 0) => {
  const digest = `${start} ${subject} ${groups}`;
  const record = toolCallRecord(Date.now() - days * 86_400_000, { subject, username, caller: digest });
  const text = JSON.stringify({ salt: `${start} ${subject}`, groups, scopes: [] });
  auth.audit.add(JSON.stringify(record), { digest, text });
};

test('Editors of the policy learn how many people of a group were seen, each counted once and with their last groups', async () => {
  see('seen-carol', 'carol', ['support', 'staff']);
  see('seen-carol', 'carol', ['support', 'staff'], 'other start');
  see('seen-dave', 'dave', ['support']);
  see('seen-erin', 'erin', ['support']);
  see('seen-erin', 'erin', ['staff']);
  see('seen-agent', 'seen-agent', ['support']);
  const assertion = await assertionOf({ scopes: ['editors'] });
  const answer = await ask('/groups?group=support&group=staff&group=none', undefined, assertion);
  expect(answer.body).toEqual({
    groups: [
      { group: 'support', people: 2 },
      { group: 'staff', people: 2 },
      { group: 'none', people: 0 },
    ],
  });
  expect((await ask('/groups?group=support', undefined, await assertionOf({ scopes: ['viewers'] }))).status).toBe(200);
  expect((await ask('', undefined, assertion)).status).toBe(403);
  expect((await ask('/groups')).status).toBe(400);
});

test('People who have signed in and only looked at pages count as seen, once, with the groups that the provider named last', async () => {
  const day = 86_400;
  const lookers = (sub: string, groups: string[], change: object = {}) =>
    add({ sub, username: sub, groups, ...change });
  await lookers('looks', ['readers']);
  await lookers('looks', ['readers'], { kind: 'personal', expiresAt: now() + 60 * day });
  await lookers('moved', ['readers'], { refreshedAt: now() - 90 });
  await lookers('moved', ['writers'], { refreshedAt: now() - 30 });
  await lookers('long ago', ['readers'], { kind: 'personal', expiresAt: now() + day, lastSeen: now() - 31 * day });
  await lookers('expired', ['readers'], { expiresAt: now() - 5 });
  // The record is of another time than the sign-in.
  see('calls too', 'calls', ['readers', 'writers']);
  await lookers('calls too', ['readers']);
  see('calls only', 'calls-only', ['readers']);
  // More than are read at a time.
  for (let i = 0; i < 1_100; i++) await lookers(`crowd ${i}`, ['crowd']);
  const { body } = await ask('/groups?group=readers&group=writers&group=crowd');
  expect(body.groups).toEqual([
    { group: 'readers', people: 3 },
    { group: 'writers', people: 1 },
    { group: 'crowd', people: 1_100 },
  ]);
});

test.each<[string, object, string?]>([
  ['no permission', { scopes: [] }],
  ['a right to end without one to see', { scopes: ['enders'] }],
  ['rights on one server', { scopes: ['partly'] }],
  ['scopes that the policy does not know', { scopes: ['other'] }],
])('With %s, nothing is shown and nothing ends', async (_what, change) => {
  const [sid, person] = [await add(bob), await idOf('bob')];
  const assertion = await assertionOf(change);
  for (const path of ['', '/clients', '/ended', '/others', '/groups?group=users', `/${person}`])
    expect((await ask(path, undefined, assertion)).body.error.code).toBe('not_permitted');
  const refused = await ask('/end', { person, all: 'everything' }, assertion);
  expect([refused.status, refused.body.error.code, await stands(sid)]).toEqual([403, 'not_permitted', true]);
});

test('Who may only see people ends nothing', async () => {
  const [sid, person] = [await add(bob), await idOf('bob')];
  const assertion = await assertionOf({ scopes: ['viewers'] });
  expect((await ask(`/${person}`, undefined, assertion)).status).toBe(200);
  for (const body of [{ person, all: 'everything' }, { client: 'digest' }])
    expect((await ask('/end', body, assertion)).body.error.code).toBe('not_permitted');
  expect(await stands(sid)).toBe(true);
});

test.each<[string, object, string, number, string]>([
  ['an assertion for a server', {}, 'currenttime', 401, 'assertion_refused'],
  ['an assertion for mcpgw', {}, 'mcpgw', 401, 'assertion_refused'],
  ['a bearer token', { authMethod: 'jwt' }, '#registry', 403, 'session_needed'],
  ['a session without a record', { sessionId: undefined }, '#registry', 403, 'session_needed'],
  ['a session that has ended', { sessionId: 'ended' }, '#registry', 403, 'session_needed'],
  ["another person's session", { subject: bob.sub }, '#registry', 403, 'session_needed'],
])('With %s, nothing is shown and nothing ends', async (_what, change, resource, status, code) => {
  const [sid, person] = [await add(bob), await idOf('bob')];
  const assertion = await assertionOf(change, resource);
  for (const body of [undefined, { person, all: 'everything' }]) {
    const answer = await ask(body ? '/end' : '', body, assertion);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  }
  expect(await stands(sid)).toBe(true);
});

test.each([
  {},
  { all: 'everything' },
  { person: 'x', all: 'everything' },
  { person: 'abcd', id: 7 },
  [],
  { client: '' },
])('What does not say whose access to end ends nothing: %j', async (body) => {
  const sid = await add(bob);
  expect([(await ask('/end', body)).status, await stands(sid)]).toEqual([400, true]);
});

test('A person without access, and an address that names no person, are not found', async () => {
  const gone = Buffer.from('cognito no-such-sub').toString('base64url');
  for (const id of [gone, 'AAAA', 'Y29nbml0bw']) expect((await ask(`/${id}`)).status).toBe(404);
  expect(await end({ person: gone, all: 'everything' })).toEqual({ ended: 0 });
});
