import { DatabaseSync } from 'node:sqlite';
import { revocationKey } from '../../../../auth-server/store/revocation-feed.ts';
import type { Ticket } from '../../../../common/identity/ticket.ts';
import { accountsAddress, accountsWith } from '../../../support/auth-server/accounts-in-memory.ts';
import { type AuthServer, alice, now, startAuthServer, toolsList } from '../../../support/auth-server/auth-fixture.ts';

const accounts = accountsWith({ carol: 'secret-of-carol' }, { onRefusal: () => onRefusal() });
let onRefusal: () => void | Promise<void> = () => undefined;
let auth: AuthServer;
beforeAll(async () => {
  auth = await startAuthServer('http://127.0.0.1:1', { accounts });
});
afterAll(() => auth.close());

const ticketOf = (sub: string, change: Partial<Ticket> = {}) =>
  auth.assertions.signTicket({
    ...{
      server: 'currenttime',
      method: 'initialize',
      owner: `person:${sub}`,
      kind: 'person',
      ends: now() + 60,
      marks: [],
    },
    ...change,
  });
const ask = async (method: string, path: string, ticket: string | undefined, body: unknown) => {
  const headers = {
    'content-type': 'application/json',
    ...(ticket !== undefined && { authorization: `Bearer ${ticket}` }),
  };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return await fetch(`${auth.url}${path}`, { method, headers, body: text });
};
const bind = async (ticket: string | undefined, body: unknown) =>
  (await ask('POST', '/relay/bindings', ticket, body)).status;
const ownerOf = async (id: string, kind: 'session' | 'task' = 'session') =>
  (await auth.store.bindings.find(kind, 'currenttime', id))?.owner;
const session = (id: string) => ({ kind: 'session', id });

describe('a relay callback with a ticket', () => {
  test('records a session for the owner and the server of the ticket', async () => {
    expect(await bind(await ticketOf('a'), { ...session('s1'), target: '/m?x' })).toBe(204);
    const noted = { owner: 'person:a', server: 'currenttime', target: '/m?x' };
    expect(await auth.store.bindings.find('session', 'currenttime', 's1')).toMatchObject(noted);
    expect(await auth.store.bindings.find('session', 'fininfo', 's1')).toBeUndefined();
  });

  test('about a session of another owner is rejected with 409 and changes nothing', async () => {
    await bind(await ticketOf('a'), session('s2'));
    expect(await bind(await ticketOf('b'), session('s2'))).toBe(409);
    expect(await ownerOf('s2')).toBe('person:a');
    expect(await bind(await ticketOf('a', { owner: 'agent:a', kind: 'agent' }), session('s2'))).toBe(409);
  });

  test('removes the sessions and tasks of the owner only', async () => {
    await bind(await ticketOf('a'), session('s3'));
    const unbind = async (ticket: string) => (await ask('DELETE', '/relay/bindings', ticket, session('s3'))).status;
    expect([await unbind(await ticketOf('b')), await ownerOf('s3')]).toEqual([204, 'person:a']);
    expect([await unbind(await ticketOf('a', { server: 'fininfo' })), await ownerOf('s3')]).toEqual([204, 'person:a']);
    expect([await unbind(await ticketOf('a')), await ownerOf('s3')]).toEqual([204, undefined]);
  });

  test('returns which tasks belong to the owner on the ticket’s server', async () => {
    await bind(await ticketOf('a'), { kind: 'task', id: 't1' });
    await bind(await ticketOf('b'), { kind: 'task', id: 't2' });
    await bind(await ticketOf('a', { server: 'fininfo' }), { kind: 'task', id: 't3' });
    await bind(await ticketOf('a'), session('t4'));
    const answer = await ask('POST', '/relay/tasks', await ticketOf('a'), { ids: ['t1', 't2', 't3', 't4', 'none'] });
    expect(await answer.json()).toEqual({ ids: ['t1'] });
  });
});

describe('a report about an account', () => {
  const account = { name: 'notion', address: accountsAddress, version: 1, form: 'text' as const };
  const unauthorized = { why: 'unauthorized' };
  const report = async (ticket: string, body: object = unauthorized) =>
    await ask('POST', '/relay/accounts', ticket, body);

  test('concerns the owner, server and address of the ticket only, and its answer holds no credential', async () => {
    accounts.refusals.length = 0;
    const answer = await report(await ticketOf('carol', { account }), { why: 'insufficient_scope', scopes: ['a'] });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = await answer.text();
    expect(Object.keys(JSON.parse(text).answer)).toEqual(['error']);
    expect(text).not.toContain('secret-of-carol');
    const place = { server: 'currenttime', account: 'notion', address: accountsAddress };
    expect(accounts.refusals).toEqual([
      { subject: 'carol', ...place, version: 1, why: 'insufficient_scope', scopes: ['a'] },
    ]);
  });

  test.each<[string, Partial<Ticket>, object]>([
    ['with a ticket for a server without accounts', {}, unauthorized],
    ['with the ticket of an agent', { owner: 'agent:carol', kind: 'agent', account }, unauthorized],
    ['with a subject of its own', { account }, { why: 'unauthorized', subject: 'dave' }],
    ['for another reason', { account }, { why: 'other' }],
    [
      'with more scopes than a server may name',
      { account },
      { why: 'insufficient_scope', scopes: Array(21).fill('a') },
    ],
  ])('%s is rejected, and nothing happens', async (_what, change, body) => {
    accounts.refusals.length = 0;
    expect((await report(await ticketOf('carol', change), body)).status).toBe(400);
    expect(accounts.refusals).toEqual([]);
  });

  test('is answered although the provider is silent, and although it fails', async () => {
    onRefusal = () => new Promise(() => undefined);
    const silent = await report(await ticketOf('carol', { account }));
    onRefusal = () => Promise.reject(new Error('the provider said secret-of-carol'));
    const failed = await report(await ticketOf('carol', { account }));
    onRefusal = () => undefined;
    for (const { answer } of [await silent.json(), await failed.json()] as { answer: object }[])
      expect(answer).toMatchObject({ error: { code: -32002, data: { reason: 'account_unavailable' } } });
  });
});

describe('a server that names many tasks', () => {
  test('costs one query, whether the store knows them or not', async () => {
    const [ticket, unknown] = [await ticketOf('many'), Array.from({ length: 998 }, (_, n) => `made-up-${n}`)];
    for (const id of ['m1', 'm2']) await bind(ticket, { kind: 'task', id });
    const queries = jest.spyOn(DatabaseSync.prototype, 'prepare');
    const answer = await ask('POST', '/relay/tasks', ticket, { ids: ['m1', ...unknown, 'm2'] });
    const aboutTasks = queries.mock.calls.filter(([sql]) => sql.includes('binding'));
    queries.mockRestore();
    expect(await answer.json()).toEqual({ ids: ['m1', 'm2'] });
    expect(aboutTasks).toHaveLength(1);
  });

  test('costs one check of the ticket’s signature', async () => {
    const ticket = await ticketOf('often');
    const checks = jest.spyOn(crypto.subtle, 'verify');
    for (let n = 0; n < 5; n++) await ask('POST', '/relay/tasks', ticket, { ids: [`t${n}`] });
    expect(await bind(ticket, { kind: 'task', id: 'often' })).toBe(204);
    const checked = checks.mock.calls.length;
    checks.mockRestore();
    expect(checked).toBe(1);
  });

  test('is not answered with a known ticket that has ended, or whose key is gone', async () => {
    const ticket = await ticketOf('ending');
    const tasks = async () => (await ask('POST', '/relay/tasks', ticket, { ids: ['x'] })).status;
    expect(await tasks()).toBe(200);
    const clock = jest.spyOn(Date, 'now').mockReturnValue((now() + 120) * 1000);
    expect(await tasks()).toBe(403);
    clock.mockRestore();
    expect(await tasks()).toBe(200);
    const keys = await auth.store.keys.list();
    await auth.store.keys.update(async () => []);
    expect(await tasks()).toBe(403);
    await auth.store.keys.update(async () => keys);
  });
});

describe('the relay callbacks reject a request', () => {
  const endpoints = [
    ['POST', '/relay/bindings', session('shut')],
    ['DELETE', '/relay/bindings', session('kept')],
    ['POST', '/relay/tasks', { ids: ['x'] }],
    ['POST', '/relay/accounts', { why: 'unauthorized' }],
  ] as const;
  const assertionOf = async () => {
    const cookie = await auth.session(alice);
    return (await auth.validate({ Cookie: cookie }, toolsList)).headers.get('x-mcp-assertion') ?? '';
  };
  const keys: [string, () => string | undefined | Promise<string>][] = [
    ['without a ticket', () => undefined],
    ['with garbage as a ticket', () => 'a.b.c'],
    ['with an empty ticket', () => ''],
    ['with the assertion that an upstream gets', assertionOf],
    ['with an expired ticket', () => ticketOf('a', { ends: now() - 30 })],
    ['with a ticket that has another signature', async () => `${(await ticketOf('a')).slice(0, -6)}AAAAAA`],
  ];
  test.each(keys)('%s: 403, and nothing is recorded, removed or returned', async (_what, key) => {
    await auth.store.bindings.bind({
      kind: 'session',
      server: 'currenttime',
      id: 'kept',
      owner: 'person:a',
      target: undefined,
    });
    for (const [method, path, body] of endpoints) {
      const answer = await ask(method, path, await key(), body);
      expect(answer.status).toBe(403);
      expect(await answer.text()).not.toContain('ids');
    }
    expect([await ownerOf('shut'), await ownerOf('kept')]).toEqual([undefined, 'person:a']);
  });

  test.each<[string, unknown]>([
    ['no fields', {}],
    ['an unknown kind', { kind: 'person', id: 'x' }],
    ['no id', { kind: 'session' }],
    ['an empty id', session('')],
    ['an id that is not a string', { kind: 'session', id: ['x'] }],
    ['an id that is too long', session('x'.repeat(4_097))],
    ['a target that is not a path', { ...session('x'), target: 'http://evil.example/' }],
    ['a target that is too long', { ...session('x'), target: `/${'x'.repeat(4_096)}` }],
    ['an owner of its own', { ...session('x'), owner: 'person:root' }],
    ['a server of its own', { ...session('x'), server: 'fininfo' }],
    ['a list', [session('x')]],
  ])('whose body has %s: 400', async (_what, body) => {
    expect(await bind(await ticketOf('a'), body)).toBe(400);
    expect(await ownerOf('x')).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['no ids', {}],
    ['ids that are not strings', { ids: [1] }],
    ['too many ids', { ids: Array.from({ length: 1_001 }, () => 'x') }],
  ])('that asks about %s: 400', async (_what, body) => {
    expect((await ask('POST', '/relay/tasks', await ticketOf('a'), body)).status).toBe(400);
  });

  test.each([
    ['is not JSON', '{', 400],
    ['is endless', `"${'x'.repeat(3_000_000)}"`, 413],
  ])('whose body %s', async (_what, body, status) => {
    expect((await ask('POST', '/relay/bindings', await ticketOf('a'), body)).status).toBe(status);
  });
});

describe('the revocation feed', () => {
  const endSession = async (sid: string) => {
    await auth.session({ ...alice, sid });
    await auth.store.sessions.end({ sid });
  };
  const since = async (after?: string) => {
    const answer = await fetch(`${auth.url}/relay/ended${after === undefined ? '' : `?after=${after}`}`);
    return (await answer.json()) as { last: number; marks: string[] };
  };

  test('starts now, and gives each revocation to each reader once, in order', async () => {
    const { last, marks } = await since();
    expect(marks).toEqual([]);
    for (const sid of ['x', 'y']) await endSession(sid);
    const news = await since(String(last));
    expect(news.marks).toEqual([revocationKey('session', 'x'), revocationKey('session', 'y')]);
    expect(await since(String(news.last))).toEqual({ last: news.last, marks: [] });
    expect((await since(String(last))).marks).toEqual(news.marks);
  });

  test.each(['abc', '-1', '1.5', '1&after=2', 'NaN'])(
    'treats an invalid cursor (%s) like a missing one',
    async (after) => {
      await endSession(`z${after}`);
      expect((await since(after)).marks).toEqual([]);
    },
  );

  test('contains no session id', async () => {
    const { last } = await since();
    await endSession('very-secret');
    expect((await since(String(last))).marks).toHaveLength(1);
    expect(JSON.stringify(await since(String(last)))).not.toContain('very-secret');
  });
});
