import type { Account } from '../../../common/doors/account.ts';
import { alice, now, publicUrl, sessionRecord } from '../../support/auth-server/auth-fixture.ts';
import { newOAuthClient } from '../../support/auth-server/oauth-client.ts';
import { authServerWithPool } from '../../support/auth-server/with-pool.ts';

const { auth } = await authServerWithPool();
const carol = { sub: 'ca401000-0000-4000-8000-000000000003', username: 'carol' };

/** What the registry passes on for a person whose session is this one. */
const assertionOf = async (sid: string | undefined, change: object = {}, resource = '#registry') =>
  auth.assertions.sign(
    {
      ...{ kind: 'person', subject: alice.sub, username: 'alice', clientId: undefined, groups: [], scopes: [] },
      ...{ authMethod: 'session_cookie', sessionId: sid, expiresAt: now() + 600, ...change },
    },
    resource,
  );
const ask = async (assertion: string, body?: unknown) => {
  const headers = { 'X-Mcp-Assertion': assertion, 'Content-Type': 'application/json' };
  const post = { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`${auth.url}/account${body ? '/end' : ''}`, { headers, ...(body ? post : {}) });
  const text = await answer.text();
  return {
    status: answer.status,
    text,
    body: JSON.parse(text) as Account & { ended: number; error: { code: string } },
  };
};
let sids = 0;
const add = async (change: Parameters<typeof sessionRecord>[0] = {}) => {
  const record = sessionRecord({ sid: `account-${++sids}`, expiresAt: now() + 3_600, ...change });
  await auth.store.sessions.add(record);
  return record.sid;
};
const addClient = (change: Parameters<typeof sessionRecord>[0] = {}) =>
  add({ kind: 'client', oauthClient: 'digest', resource: `${publicUrl}/currenttime/mcp`, ...change });
const stands = async (sid: string) => (await auth.store.sessions.read(sid)) !== undefined;

beforeEach(async () => void (await auth.store.sessions.end('everybody')));

test('A person sees their own clients and sign-ins, the newest first, and no credential among them', async () => {
  const sid = await add({ createdAt: now() - 60 });
  await add({ provider: 'cognito-cli', createdAt: now() - 50, refreshToken: 'locked-refresh-token' });
  await add({ oauthClient: 'mcp-gateway', oauthClientName: 'mcp-gateway', createdAt: now() - 45 });
  const [oauthClientName, idleSeconds, createdAt] = ['Claude Code', 3_600, now() - 40];
  const client = await addClient({ oauthClientName, idleSeconds, createdAt });
  await addClient({ ...carol, oauthClientName: "carol's" });
  const { status, body, text } = await ask(await assertionOf(sid));
  expect([status, body.provider]).toEqual([200, 'Amazon Cognito']);
  expect(body.records.map(({ kind, client, isOwn }) => [kind, client, isOwn])).toEqual([
    ['client', 'Claude Code', false],
    ['terminal', 'mcp-gateway', false],
    ['terminal', null, false],
    ['browser', null, true],
  ]);
  expect(body.records[0]).toMatchObject({ resource: `${publicUrl}/currenttime/mcp`, since: createdAt });
  for (const secret of [sid, client, 'locked-refresh-token', 'digest', 'carol']) expect(text).not.toContain(secret);
});

test('One access ends at once, and no other one', async () => {
  const sid = await add();
  const [ended, kept] = [await addClient({ oauthClientName: 'A' }), await addClient({ oauthClientName: 'B' })];
  const assertion = await assertionOf(sid);
  const id = (await ask(assertion)).body.records.find(({ client }) => client === 'A')?.id;
  expect((await ask(assertion, { id })).body).toEqual({ ended: 1 });
  expect([await stands(ended), await stands(kept), await stands(sid)]).toEqual([false, true, true]);
  expect((await ask(assertion, { id })).body).toEqual({ ended: 0 });
  expect(auth.lines.join('')).toContain('a person has ended their access');
});

test('The access token and the refresh token of a client are refused once its access has ended', async () => {
  const client = await newOAuthClient(auth);
  const { access_token, refresh_token } = await client.tokens();
  const call = () => auth.validate({ Authorization: `Bearer ${access_token}` });
  expect((await call()).status).toBe(200);
  const assertion = await assertionOf(await add());
  const id = (await ask(assertion)).body.records.find(({ kind }) => kind === 'client')?.id;
  expect((await ask(assertion, { id })).body.ended).toBe(1);
  expect([(await call()).status, (await client.refresh(refresh_token)).status]).toEqual([401, 400]);
});

test('All clients end, or all other sessions; never those of another person or provider, nor the session that asks', async () => {
  const sid = await add();
  const others = [await add(), await add({ provider: 'cognito-cli' })];
  const clients = [await addClient(), await addClient({ provider: 'cognito-cli' })];
  const foreign = [await addClient(carol), await add(carol), await addClient({ provider: 'elsewhere' })];
  const assertion = await assertionOf(sid);
  expect((await ask(assertion, { all: 'clients' })).body).toEqual({ ended: 2 });
  expect(await Promise.all([...clients, ...others].map(stands))).toEqual([false, false, true, true]);
  expect((await ask(assertion, { all: 'sessions' })).body).toEqual({ ended: 2 });
  expect(await Promise.all([sid, ...others, ...foreign].map(stands))).toEqual([true, false, false, true, true, true]);
});

test('All personal tokens end together, and nothing else', async () => {
  const sid = await add();
  const [client, foreign] = [await addClient(), await add({ ...carol, kind: 'personal' })];
  const tokens = [await add({ kind: 'personal' }), await add({ kind: 'personal' })];
  expect((await ask(await assertionOf(sid), { all: 'tokens' })).body).toEqual({ ended: 2 });
  expect(await Promise.all([...tokens, sid, client, foreign].map(stands))).toEqual([false, false, true, true, true]);
});

test('The id of an access of another person, or of the same subject at another provider, ends nothing', async () => {
  const strangers = [
    [await add(carol), { subject: carol.sub }],
    [await add({ provider: 'elsewhere' }), {}],
  ] as const;
  const assertion = await assertionOf(await add());
  for (const [sid, change] of strangers) {
    const id = (await ask(await assertionOf(sid, change))).body.records[0]?.id;
    expect(id).toMatch(/^[\w-]{22}$/);
    expect((await ask(assertion, { id })).body).toEqual({ ended: 0 });
    expect(await stands(sid)).toBe(true);
  }
});

test.each<[string, () => Promise<string>, number, string]>([
  ['nothing', async () => '', 401, 'assertion_refused'],
  ['an assertion for a server', async () => assertionOf(await add(), {}, 'currenttime'), 401, 'assertion_refused'],
  ['an assertion for mcpgw', async () => assertionOf(await add(), {}, 'mcpgw'), 401, 'assertion_refused'],
  ['a session without a record', () => assertionOf(undefined, { subject: 'local|dev' }), 403, 'session_needed'],
  ['a bearer token', async () => assertionOf(await add(), { authMethod: 'jwt' }), 403, 'session_needed'],
  ['a visitor', () => assertionOf(undefined, { authMethod: 'public' }), 403, 'session_needed'],
  ["another person's session", async () => assertionOf(await add(carol)), 403, 'session_needed'],
  ['the record of a client', async () => assertionOf(await addClient()), 403, 'session_needed'],
  ['a session that has ended', () => assertionOf('ended'), 403, 'session_needed'],
  ['a session that has expired', async () => assertionOf(await add({ expiresAt: now() - 1 })), 403, 'session_needed'],
])('With %s, no access is shown and none ends', async (_what, assertionFor, status, code) => {
  const client = await addClient();
  for (const body of [undefined, { all: 'clients' }]) {
    const answer = await ask(await assertionFor(), body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  }
  expect(await stands(client)).toBe(true);
});

test('A session that an operator has revoked shows and ends nothing', async () => {
  const sid = await add({ createdAt: now() - 10 });
  await auth.store.revocations.add({ kind: 'user', value: alice.sub, at: now() });
  expect((await ask(await assertionOf(sid))).body.error.code).toBe('session_needed');
});

test.each([{ id: 'x'.repeat(101) }, { all: 'everybody' }, { all: 'clients', id: 'x' }, [], { id: 7 }])(
  'What is not asked for in words that it knows ends nothing: %j',
  async (body) => {
    const client = await addClient({ ...carol });
    const { status } = await ask(await assertionOf(await add(carol), { subject: carol.sub }), body);
    expect([status, await stands(client)]).toEqual([400, true]);
  },
);

test('It lists the newest 200 without those that ended for want of use, and ends all of them', async () => {
  const sid = await add(carol);
  for (let i = 0; i < 205; i++) await addClient({ ...carol, createdAt: now() - 1 - i, oauthClientName: `client ${i}` });
  await addClient({ ...carol, lastSeen: now() - 100, idleSeconds: 10, oauthClientName: 'idle' });
  const assertion = await assertionOf(sid, { subject: carol.sub });
  const { records } = (await ask(assertion)).body;
  expect(records.length).toBe(199);
  expect(records.map(({ client }) => client)).not.toContain('idle');
  expect((await ask(assertion, { all: 'clients' })).body).toEqual({ ended: 206 });
});
