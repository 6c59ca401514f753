import { decisionsQuery } from '../../../../common/doors/decisions.ts';
import { alice, now, publicUrl, secretKey } from '../../../support/auth-server/auth-fixture.ts';
import { connectionsInMemory, ofServer, providerUrl } from '../../../support/auth-server/connections-in-memory.ts';
import { signLocalSession } from '../../../support/auth-server/local-session.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { useClock } from '../../../support/clock.ts';

const clock = useClock();
const { connections, kept, finished, disconnected, knobs } = connectionsInMemory();
const { auth } = await authServerWithPool({
  connections,
  allowLocalSessions: true,
  policyText: `
group_mappings: { users: [users] }
UI-Scopes:
  admins: { view_people: [all], end_access: [all] }
  viewers: { view_people: [all] }
users:
  - { server: currenttime, methods: [tools/call], tools: ["*"] }
  - { server: fininfo, methods: [tools/call], tools: ["*"] }
  - { server: only-in-the-policy, methods: [tools/call], tools: ["*"] }
`,
});
beforeEach(() => {
  kept.clear();
  finished.length = 0;
  disconnected.length = 0;
  Object.assign(knobs, { failure: undefined, revokes: true, meanwhile: async () => {} });
});

const page = '/accounts/connect/currenttime';
const callback = '/oauth2/accounts/callback';
const ownPage = { Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' };

/** A browser of a person: the cookie of a session with a record, of which the id is `sid`. */
const browserOf = async (person: object = alice) => {
  const sid = `sid-${Math.random()}`;
  const Cookie = await auth.session({ ...person, groups: ['users'], sid });
  const go = async (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) => {
    const answer = await fetch(auth.url + path, { redirect: 'manual', ...init, headers: { Cookie, ...headers } });
    const html = await answer.text();
    const words = html
      .slice(html.indexOf('<main'))
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
    return {
      status: answer.status,
      location: answer.headers.get('location') ?? '',
      headers: answer.headers,
      html,
      words,
    };
  };
  const get = (path: string, headers: Record<string, string> = {}) => go(path, {}, { ...ofServer(), ...headers });
  const post = (form: Record<string, string>, headers: Record<string, string> = ownPage, at = ofServer()) => {
    const body = new URLSearchParams({ address: at['X-Mcp-Address'], ...form });
    return go(`/accounts/connect/${at['X-Mcp-Server']}`, { method: 'POST', body }, { ...at, ...headers });
  };
  /** Presses the button. @returns the state that the provider gets */
  const begin = async (at = ofServer()) =>
    new URL((await post({ answer: 'connect' }, ownPage, at)).location).searchParams.get('state') ?? '';
  const back = (state: string, more: Record<string, string> = { code: 'code-carol' }) =>
    get(`${callback}?${new URLSearchParams({ state, ...more })}`);
  return { sid, get, post, begin, back, logOut: () => auth.store.sessions.end({ sid }) };
};
type Browser = Awaited<ReturnType<typeof browserOf>>;

const bob = { sub: 'b0b01000-0000-4000-8000-000000000002', username: 'bob' };
const audit = async () => {
  const { decisions } = await auth.audit.ask('page', {
    query: decisionsQuery.parse({ limit: 200, tool: 'accounts/' }),
    visible: { servers: 'all' },
  });
  return decisions.map(({ username, server, method, object }) => [username, server, method, object]);
};

test('The page says in words what connecting means, and opening it changes nothing', async () => {
  const { status, words, html, headers } = await (await browserOf()).get(page);
  expect(status).toBe(200);
  expect(words).toContain('Connect your Notion account to currenttime ?');
  expect(words).toContain('https://mcp.example.com/mcp');
  expect(words).toContain('It runs at mcp.example.com');
  expect(words).toContain('stay connected while you are away, and to use read:pages , &lt;b&gt;bold&lt;/b&gt; .');
  expect(words).toContain('No program on your computer sees the token.');
  expect(words).toContain('It ends after 30 days without use');
  expect(words).toContain('Continue to provider.example');
  expect(html.match(/<form/g)).toHaveLength(1);
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(headers.get('cache-control')).toBe('no-store');
  expect(await auth.authorization.store.db.selectFrom('account_attempt').selectAll().execute()).toEqual([]);
});

test('A person connects: the provider gets the browser, its answer is exchanged once, and the page names the account', async () => {
  const browser = await browserOf();
  const begun = await browser.post({ answer: 'connect' });
  expect(begun.status).toBe(303);
  const state = new URL(begun.location).searchParams.get('state') ?? '';
  expect(begun.location).toBe(`${providerUrl}/authorize?state=${state}`);
  expect(JSON.stringify(begun)).not.toContain('verifier');
  const back = await browser.back(state);
  expect([back.status, back.location]).toEqual([303, page]);
  const { words } = await browser.get(back.location);
  expect(words).toContain('Connected as carol');
  expect(words).toContain('Go back to your client');
  expect(finished).toHaveLength(1);
  expect(finished[0]).toMatchObject({ subject: alice.sub, at: { server: 'currenttime', account: 'notion' } });
  expect(finished[0]?.attempt.verifier).toMatch(/^verifier-/);
  expect(String(finished[0]?.returned)).toBe(`${publicUrl}${callback}?state=${state}&code=code-carol`);
  expect(await audit()).toContainEqual(['alice', 'currenttime', 'accounts/connect', 'carol']);
  expect(auth.lines.join('')).not.toMatch(/code-carol|verifier-/);
});

test('What the exchange needs lies encrypted on the server, and is gone after its use', async () => {
  const browser = await browserOf();
  const state = await browser.begin();
  const rows = () =>
    auth.authorization.store.db.selectFrom('account_attempt').selectAll().where('sid', '=', browser.sid);
  const [row] = await rows().execute();
  expect(row?.attempt).toMatch(/^eyJ/);
  expect(JSON.stringify(row)).not.toContain(state);
  await browser.back(state);
  expect((await rows().execute())[0]).toMatchObject({ attempt: '', used_at: expect.any(Number) });
});

test('Two people connect their own accounts at one server, and neither sees the account of the other', async () => {
  const [hers, his] = [await browserOf(), await browserOf(bob)];
  const [first, second] = [await hers.begin(), await his.begin()];
  await his.back(second, { code: 'code-dave' });
  await hers.back(first, { code: 'code-carol' });
  expect((await hers.get(page)).words).toContain('Connected as carol');
  expect((await his.get(page)).words).toContain('Connected as dave');
  expect(finished.map(({ subject }) => subject)).toEqual([bob.sub, alice.sub]);
});

test('Reloading the callback, or going back to it, changes nothing', async () => {
  const browser = await browserOf();
  const state = await browser.begin();
  for (let times = 0; times < 3; times++) expect((await browser.back(state)).location).toBe(page);
  expect(finished).toHaveLength(1);
});

test('A session that ends while the provider is asked leaves no account behind', async () => {
  const browser = await browserOf();
  const state = await browser.begin();
  knobs.meanwhile = async () => void (await browser.logOut());
  expect((await browser.back(state)).words).toContain('You have signed out meanwhile.');
  expect([finished.length, kept.size, disconnected.length]).toEqual([1, 0, 1]);
});

test('Of two answers with one state at a time, one is exchanged', async () => {
  const browser = await browserOf();
  const state = await browser.begin();
  const both = await Promise.all([browser.back(state), browser.back(state)]);
  expect(both.map(({ status }) => status)).toEqual([303, 303]);
  expect(finished).toHaveLength(1);
});

const refusals: [string, (browser: Browser) => Promise<{ words: string }>, RegExp][] = [
  [
    'a link that another person opens',
    async (browser) => (await browserOf(bob)).back(await browser.begin()),
    /Another person has begun this\./,
  ],
  [
    'a replayed state in the session of another person',
    async (browser) => {
      const state = await browser.begin();
      await browser.back(state);
      finished.length = 0;
      return await (await browserOf(bob)).back(state);
    },
    /Another person has begun this\./,
  ],
  [
    'a logout in between',
    async (browser) => {
      const state = await browser.begin();
      await browser.logOut();
      return await browser.back(state);
    },
    /You have signed out meanwhile\./,
  ],
  [
    'a logout in between, and a new sign-in of the same person',
    async (browser) => {
      const state = await browser.begin();
      await browser.logOut();
      return await (await browserOf()).back(state);
    },
    /You have signed in again since you began\./,
  ],
  [
    'a forged state',
    (browser) => browser.back('x'.repeat(43)),
    /This was not begun here, or more than ten minutes ago\./,
  ],
  [
    'two states',
    async (browser) => browser.get(`${callback}?state=${await browser.begin()}&state=x&code=y`),
    /not begun here/,
  ],
  ['no state', (browser) => browser.get(`${callback}?code=code-carol`), /This was not begun here/],
  [
    'an answer after eleven minutes',
    async (browser) => {
      const state = await browser.begin();
      clock.advance(660);
      return await browser.back(state);
    },
    /more than ten minutes ago/,
  ],
];
test.each(refusals)('Nothing is stored for %s, and the page says why', async (_what, act, why) => {
  const { words } = await act(await browserOf());
  expect(words).toMatch(why);
  expect(words).not.toContain('code-carol');
  expect(finished).toEqual([]);
});

test.each([
  [
    'a foreign issuer',
    { code: 'code-carol', iss: 'https://evil.example' },
    /The answer does not belong to what you have begun here/,
  ],
  [
    'a refusal whose text is markup',
    { error: 'access_denied', error_description: '<img src=x onerror=alert(1)>' },
    /You have not agreed there, or the provider does not let you\./,
  ],
])('%s gives a page in our own words, and connects nothing', async (_what, answer, why) => {
  const browser = await browserOf();
  const { status, words, html } = await browser.back(await browser.begin(), answer);
  expect([status, words]).toEqual([400, expect.stringMatching(why)]);
  expect(html).not.toMatch(/onerror|evil\.example/);
  expect(html).toContain(`href="${page}"`);
  expect(kept.size).toBe(0);
});

test.each([
  ['provider_unavailable', 503, /does not answer at the moment/],
  ['provider_unusable', 502, /Tell an administrator/],
  ['entry_changed', 400, /has changed how this server is connected/],
] as const)('A failure %s is explained, when it begins and when it ends', async (failure, status, why) => {
  const browser = await browserOf();
  const state = await browser.begin();
  knobs.failure = failure;
  for (const answer of [await browser.post({ answer: 'connect' }), await browser.back(state)])
    expect([answer.status, answer.words]).toEqual([status, expect.stringMatching(why)]);
  expect(auth.lines.join('')).toContain('a token-like-secret is never in it');
});

test.each([
  ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  ['another port of this host', { Origin: publicUrl, 'Sec-Fetch-Site': 'same-site' }],
  ['a sandbox', { Origin: 'null' }],
  ['no page at all', {}],
])('A form of %s begins nothing', async (_what, headers) => {
  const browser = await browserOf();
  expect((await browser.post({ answer: 'connect' }, headers as Record<string, string>)).status).toBe(403);
  const { db } = auth.authorization.store;
  expect(await db.selectFrom('account_attempt').selectAll().where('sid', '=', browser.sid).execute()).toEqual([]);
});

test('Nothing begins if the server has got another address since the page was shown', async () => {
  const browser = await browserOf();
  const answer = await browser.post({ answer: 'connect', address: 'https://before.example/mcp -' });
  expect([answer.status, answer.location]).toEqual([303, page]);
});

test('An account that was connected for another address does not count: the page asks again', async () => {
  const browser = await browserOf();
  await browser.back(await browser.begin());
  const { words } = await browser.get(page, ofServer('currenttime', 'https://elsewhere.example/mcp -'));
  expect(words).toContain('The address of this server, or its provider, has changed since you connected it.');
  expect(words).toContain('Continue to provider.example');
});

test('“This is not my account” disconnects it, and asks again', async () => {
  const browser = await browserOf();
  await browser.back(await browser.begin());
  const { location } = await browser.post({ answer: 'another' });
  expect(disconnected.map(({ name }) => name)).toEqual(['carol']);
  expect((await browser.get(location)).words).toContain('to choose another one, sign out at provider.example first');
  expect(await audit()).toContainEqual(['alice', 'currenttime', 'accounts/disconnect', 'carol']);
});

test('A server that the person may not use and one that does not exist are refused in the same words', async () => {
  const browser = await browserOf();
  const texts = await Promise.all(
    [
      ['not-in-the-policy', ofServer('not-in-the-policy')],
      ['only-in-the-policy', { 'X-Mcp-Server': 'only-in-the-policy', 'X-Mcp-Routed': '' }],
    ].map(async ([server, headers]) => {
      const answer = await browser.get(`/accounts/connect/${server}`, headers as Record<string, string>);
      return [answer.status, answer.html.replaceAll(String(server), 'NAME')];
    }),
  );
  expect(texts[0]).toEqual(texts[1]);
  expect(texts[0]?.[0]).toBe(404);
});

test('A server that wants no account says so', async () => {
  const headers = { 'X-Mcp-Server': 'fininfo', 'X-Mcp-Account': '', 'X-Mcp-Address': '' };
  const { status, words } = await (await browserOf()).get('/accounts/connect/fininfo', headers);
  expect([status, words]).toEqual([404, expect.stringContaining('fininfo needs no account of yours')]);
});

test('Without a session one is led to the login and back; a session without a record connects nothing', async () => {
  const nothing = await fetch(auth.url + page, { redirect: 'manual', headers: ofServer() });
  expect([nothing.status, nothing.headers.get('location')]).toEqual([
    303,
    `/login?redirect_uri=${encodeURIComponent(page)}`,
  ]);
  const local = await signLocalSession(secretKey, {
    sub: 'x',
    username: 'x',
    groups: ['users'],
    iat: now(),
    exp: now() + 600,
  });
  const Cookie = `${auth.cookieName}=${local}`;
  const answer = await fetch(auth.url + page, { redirect: 'manual', headers: { ...ofServer(), Cookie } });
  expect(answer.status).toBe(403);
});

test.each([page, `${callback}?state=x`])('A browser that loads %s in advance gets nothing', async (path) => {
  const { status, html } = await (await browserOf()).get(path, { 'Sec-Purpose': 'prefetch;prerender' });
  expect([status, html]).toEqual([503, '']);
});

test('The callback ends nowhere but in a window of its own', async () => {
  const browser = await browserOf();
  const path = `${callback}?state=${await browser.begin()}&code=code-carol`;
  expect((await browser.get(path, { 'Sec-Fetch-Dest': 'iframe' })).status).toBe(403);
  expect(finished).toEqual([]);
});

test('A session has ten attempts under way at most: the oldest is dropped', async () => {
  const browser = await browserOf();
  const states: string[] = [];
  for (let i = 0; i < 11; i++) {
    states.push(await browser.begin());
    clock.advance(1);
  }
  expect((await browser.back(states[0] ?? '')).words).toContain('This was not begun here');
  expect((await browser.back(states[10] ?? '')).location).toBe(page);
});

test('Providers read what the gateway is at its own address', async () => {
  const answer = await fetch(`${auth.url}/oauth2/accounts/client.json`);
  expect([answer.status, await answer.json()]).toEqual([200, { client_name: 'The gateway' }]);
});

describe('The inner addresses for the registry', () => {
  const assertionOf = ({ sid }: Browser, person: { sub: string; username: string }, scopes: string[] = []) =>
    auth.assertions.sign(
      {
        ...{ kind: 'person', subject: person.sub, username: person.username, clientId: undefined, groups: [], scopes },
        ...{ authMethod: 'session_cookie', sessionId: sid, expiresAt: now() + 600 },
      },
      '#registry',
    );
  const ask = async (path: string, assertion: string, body?: object) => {
    const headers = { 'X-Mcp-Assertion': assertion, 'Content-Type': 'application/json' };
    const post = body && { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(auth.url + path, { headers, ...post });
    return { status: answer.status, body: (await answer.json()) as Record<'accounts' | 'ended', unknown[]> };
  };
  const connected = async (person = alice, name = 'carol') => {
    const browser = await browserOf(person);
    await browser.back(await browser.begin(), { code: `code-${name}` });
    return { browser, assertion: await assertionOf(browser, person) };
  };
  const which = { server: 'currenttime', account: 'notion' };

  test('list a person their own accounts, and disconnect one of their own only', async () => {
    const [{ assertion: hers }, { assertion: his }] = [
      await connected(),
      await connected({ ...alice, ...bob }, 'dave'),
    ];
    const { body } = await ask('/account/connected', hers);
    expect(body).toEqual({
      accounts: [expect.objectContaining({ ...which, provider: 'Notion', name: 'carol', state: 'ok', revokes: true })],
    });
    expect(JSON.stringify(body)).not.toMatch(/dave|token|verifier/);
    expect((await ask('/account/disconnect', his, which)).body).toEqual({ ended: 1 });
    expect((await ask('/account/connected', his)).body).toEqual({ accounts: [] });
    expect((await ask('/account/connected', hers)).body.accounts).toHaveLength(1);
    expect(await audit()).toContainEqual(['bob', 'currenttime', 'accounts/disconnect', 'dave']);
    expect((await ask('/account/disconnect', his, { server: 1 })).status).toBe(400);
    expect((await ask('/account/connected', 'x')).status).toBe(401);
  });

  test('let administrators see the accounts of others, and end them; the list of ended access says who did it', async () => {
    await connected({ ...alice, ...bob }, 'dave');
    const admin = await browserOf();
    const person = Buffer.from(`cognito ${bob.sub}`).toString('base64url');
    const all = await assertionOf(admin, alice, ['admins']);
    const few = await assertionOf(admin, alice, ['viewers']);
    expect((await ask(`/people/${person}/connected`, few)).body.accounts).toMatchObject([{ name: 'dave' }]);
    expect((await ask('/people/end', few, { person, ...which })).status).toBe(403);
    expect((await ask(`/people/${person}/connected`, await assertionOf(admin, alice))).status).toBe(403);
    expect((await ask('/people/end', all, { person, account: 'other', server: 'currenttime' })).body).toEqual({
      ended: 0,
    });
    expect((await ask('/people/end', all, { person, ...which })).body).toEqual({ ended: 1 });
    expect((await ask('/people/end', all, { person, all: 'accounts' })).body).toEqual({ ended: 0 });
    expect((await ask('/people/ended', all)).body.ended[0]).toMatchObject({
      ...{ by: 'alice', what: 'one', person: 'bob', client: 'the Notion account at currenttime', ended: 1 },
    });
  });
});
