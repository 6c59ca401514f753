import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createPeopleDoor } from '../../../../registry/doors/people.ts';
import { listen } from '../../../support/listen.ts';
import { admin, publicUrl, signer, startRegistry, user } from '../../../support/registry/registry-fixture.ts';

const at = Date.parse('2026-11-20T12:00:00Z') / 1000;
const id = Buffer.from('cognito sub-dave').toString('base64url');
const dave = { id, name: 'Dave <b>', username: 'dave', provider: 'Amazon Cognito', groups: ['developers'] };
const record = {
  ...{ id: 'r'.repeat(22), kind: 'client', isOwn: false, client: 'Claude Code', clientId: 'digest' },
  ...{ resource: `${publicUrl}/currenttime/mcp`, since: at - 86_400, lastUsed: at - 7_200, ends: at + 86_400 },
  ...{ endsUnused: null, from: '192.0.2.1', usedFrom: '2001:db8::7' },
};
const browser = { ...record, id: 'b'.repeat(22), kind: 'browser', client: null, clientId: null, resource: null };
const row = {
  ...{ ...dave, signIns: 2, clients: 1, tokens: 0, names: ['Claude Code'], lastUsed: at - 7_200 },
  ...{ since: at - 86_400, usedFrom: '192.0.2.1', accounts: 1 },
};
const olga = { id: 'IHN1Yi1vbGdh', name: 'Olga', sub: 'sub-olga', accounts: 2, lastSeen: at - 172_800 };
const client = { id: 'digest', name: 'Claude Code' };

/** An auth-server that answers as each test wants. */
const door = {
  ...{ status: 200, code: 'x', ended: 1, total: 1, records: [record, browser] },
  ...{ accounts: [] as unknown[], asked: [] as unknown[] },
};
const usual = { ...door };
const paths: string[] = [];
const authServer = await listen((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const url = new URL(req.url ?? '', 'http://a');
    paths.push(req.url ?? '');
    if (url.pathname === '/people/end') door.asked.push(JSON.parse(Buffer.concat(chunks).toString()));
    const isOfClient = url.searchParams.has('client');
    const ended = [
      { at, by: 'alice', what: 'everything', person: 'dave', client: null, ended: 3 },
      { at, by: 'alice', what: 'one', person: 'dave', client: 'nightly', ended: null },
    ];
    const answers: Record<string, object> = {
      '/people': { people: [row], total: door.total, client: isOfClient ? client : null },
      '/people/others': { people: [olga], total: 1 },
      '/people/clients': { clients: [{ ...client, people: 2, lastUsed: at - 7_200 }], total: 1 },
      '/people/ended': { ended },
      '/people/end': { ended: door.ended },
    };
    if (url.pathname.endsWith('/connected')) answers[url.pathname] = { accounts: door.accounts };
    const person = { person: { ...dave, sub: 'sub-dave' }, records: door.records };
    res.statusCode = door.status;
    const refused = { error: { code: door.code, message: 'no' } };
    res.end(JSON.stringify(door.status === 200 ? (answers[url.pathname] ?? person) : refused));
  });
});
const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { view_people: [all], end_access: [all], view_audit: [all] }
  viewer: { view_people: [all] }
  partly: { view_people: [currenttime], end_access: [currenttime] }
`);
const registry = await startRegistry(signer.keys, {
  policy: () => policy,
  people: createPeopleDoor(`http://127.0.0.1:${authServer.port}`),
  now: () => new Date(at * 1000),
});
afterAll(async () => {
  await registry.close();
  await authServer.close();
});
beforeEach(() => {
  Object.assign(door, usual, { asked: [] });
  paths.length = 0;
});

const ownPage = { Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' };
interface Sent {
  form?: Record<string, string>;
  more?: Record<string, string>;
  scopes?: string[];
  json?: unknown;
}
async function send(path: string, { form, more = ownPage, scopes = ['mcp-registry-admin'], json }: Sent = {}) {
  const headers = {
    'X-Mcp-Assertion': await signer.sign({ ...admin, scopes }),
    Accept: 'text/html',
    ...(form && more),
    ...(json !== undefined && { 'Content-Type': 'application/json' }),
  };
  const body = form ? new URLSearchParams(form) : JSON.stringify(json);
  const post = (form || json !== undefined) && { method: 'POST', body };
  const answer = await fetch(registry.url + path, { ...post, headers, redirect: 'manual' });
  const html = await answer.text();
  const words = html
    .slice(html.indexOf('<main'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  return { status: answer.status, location: answer.headers.get('location') ?? '', html, words };
}

test('The list has people with their groups, sign-ins and clients, and leads to each of them', async () => {
  const { status, words, html } = await send('/people');
  expect(status).toBe(200);
  expect(words).toContain(
    'Dave &lt;b&gt; dave developers since 19 Nov 2 sign-ins Claude Code 1 client 1 account at servers 2 h ago from 192.0.2.1',
  );
  expect(html).toContain(`href="/people/${id}"`);
  expect(html).toContain('<a href="/people" aria-current="page">');
  await send('/people?q=claude+code&page=2&client=');
  expect(paths.at(-1)).toBe('/people?q=claude+code&page=2');
});

test('Thousands of people come in pages, which keep the search', async () => {
  door.total = 5_000;
  const { words, html } = await send('/people?q=d&page=2');
  expect(words).toContain('Page 2 of 100, 5,000 people');
  expect(html).toMatch(/href="\/people\?q=d"[^>]*>Previous/);
  expect(html).toContain('href="/people?q=d&amp;page=3"');
  expect((await send('/people?page=100')).html).not.toContain('rel="next"');
  expect((await send('/people?page=0')).status).toBe(400);
});

test('A person’s page has what acts as them, and ends one, all of a kind, or everything', async () => {
  const { words, html } = await send(`/people/${id}`);
  expect(words).toContain(
    'A program that calls itself Claude Code currenttime · since 19 Nov from 192.0.2.1 · used 2 h ago from 2001:db8::7',
  );
  expect(html).toContain('href="/people?client=digest"');
  door.records = [{ ...record, resource: `${publicUrl}/mcp` }, browser];
  expect((await send(`/people/${id}`)).words).toContain('Claude Code all their servers');
  expect(words).toContain('To prevent it, disable them there first.');
  expect(html).toContain('href="/audit?person=sub-dave&amp;span=7d"');
  door.records = usual.records;
  for (const all of ['everything', 'clients', 'sessions'])
    expect(html).toContain(`/people/end?person=${id}&amp;all=${all}`);
  const { status, location } = await send('/people/end', { form: { person: id, id: record.id } });
  expect([status, location]).toEqual([303, expect.stringMatching(new RegExp(`^/people/${id}\\?note=`))]);
  expect(door.asked).toEqual([{ person: id, id: record.id }]);
  expect((await send(location)).words).toContain('Ended: “Claude Code” at currenttime, of Dave &lt;b&gt;.');
});

test('Before all access of a person ends, a page names it; afterwards the list says so', async () => {
  const ask = await send(`/people/end?person=${id}&all=everything`);
  expect(ask.words).toContain('End all access of Dave &lt;b&gt;?');
  expect(ask.words).toContain('Tokens that Amazon Cognito gave to Dave &lt;b&gt; until now are refused too.');
  expect((await send(`/people/end?person=${id}&all=sessions`)).words).toContain('End all 1 sign-in of Dave');
  expect((await send(`/people/end?person=${id}&all=tokens`)).location).toBe(`/people/${id}`);
  expect(door.asked).toEqual([]);
  door.ended = 2;
  const { location } = await send('/people/end', { form: { person: id, all: 'everything' } });
  expect(location).toMatch(/^\/people\?note=/);
  expect((await send(location)).words).toContain('All access of Dave &lt;b&gt; ended.');
});

test('The question says how much ends, what stays, and that the person can come back', async () => {
  const notion = { server: 'notes', account: 'notes', provider: 'Notion', name: null, since: at, lastUsed: at };
  door.accounts = [{ ...notion, state: 'ok', address: 'https://a.example/mcp', settingsPage: null, revokes: true }];
  door.records = [record, { ...record, id: 't'.repeat(22), kind: 'personal' }, browser];
  const all = (await send(`/people/end?person=${id}&all=everything`)).words;
  expect(all).toContain('Ends 1 sign-in, 1 client and 1 token');
  expect(all).toContain('Stays 1 account at servers, which serve no one but them');
  expect(all).toContain('can do so again. To prevent it, disable them there first.');
  const some = (await send(`/people/end?person=${id}&all=clients`)).words;
  expect(some).toContain('Ends 1 client Stays 1 sign-in, 1 token and 1 account at servers');
});

test('People who are not signed in have a list and a page of their own, on which nothing can be ended', async () => {
  expect((await send('/people/others?q=o')).words).toContain('Olga sub-olga 2 accounts at servers 18 Nov');
  expect(paths.at(-1)).toBe('/people/others?q=o&page=1');
  door.records = [];
  const { words, html } = await send(`/people/${olga.id}`);
  expect(words).toContain('not signed in');
  expect(html).not.toContain('all=everything');
});

test('A client is ended for everyone after a page that names the people', async () => {
  expect((await send('/people/clients')).html).toContain('href="/people/end?client=digest"');
  expect((await send('/people?client=digest')).words).toContain('End it for everyone…');
  const ask = await send('/people/end?client=digest');
  expect(ask.words).toContain('End “Claude Code” for 1 person?');
  expect(ask.words).toContain('Dave');
  const { location } = await send('/people/end', { form: { client: 'digest' } });
  expect(door.asked).toEqual([{ client: 'digest' }]);
  expect((await send(location)).words).toContain('“Claude Code” ended, once. It can ask each person again.');
});

test('The list of ended access says who ended what', async () => {
  const { words } = await send('/people/ended');
  expect(words).toContain('alice ended all access of dave 2026-11-20 12:00:00 UTC · 3 records');
  expect(words).toContain('alice ended “nightly” of dave 2026-11-20 12:00:00 UTC · not known whether all of it ended');
});

test('Who may only see has no way to end, and who may not see has no page', async () => {
  const seen = await send(`/people/${id}`, { scopes: ['viewer'] });
  expect([seen.status, seen.html.includes('/people/end')]).toEqual([200, false]);
  for (const [scopes, path, form] of [
    [['viewer'], `/people/end?person=${id}&all=everything`, undefined],
    [['viewer'], '/people/end', { person: id, all: 'everything' }],
    [['partly'], '/people', undefined],
    [user.scopes, `/people/${id}`, undefined],
    [user.scopes, '/people/clients', undefined],
    [user.scopes, '/people/others', undefined],
    [user.scopes, '/people/ended', undefined],
  ] as const) {
    const { status } = await send(path, { scopes: [...scopes], ...(form && { form: { ...form } }) });
    expect(status).toBe(403);
  }
  expect(door.asked).toEqual([]);
  expect((await send('/', { scopes: user.scopes })).html).not.toContain('href="/people"');
});

test.each([
  [{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  [{ Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' }],
  [{ Origin: 'null' }],
  [{}],
])('A form that another page has sent (%j) ends nothing', async (more) => {
  const form = { person: id, all: 'everything' };
  expect((await send('/people/end', { form, more: more as Record<string, string> })).status).toBe(403);
  expect(door.asked).toEqual([]);
});

test.each([{}, { person: id }, { person: id, all: 'everyone' }, { person: id, all: 'clients', client: 'digest' }])(
  'A form that does not say whose access to end (%j) ends nothing',
  async (form) => {
    expect((await send('/people/end', { form: form as unknown as Record<string, string> })).status).toBe(400);
    expect(door.asked).toEqual([]);
  },
);

test('Opening an address ends nothing, and other groups have no page', async () => {
  for (const path of ['/people/end', `/people/end?person=${id}`, `/people/end?person=${id}&all=others`])
    expect((await send(path)).status).toBe(404);
  expect(door.asked).toEqual([]);
});

test.each([
  [403, 'session_needed', 403, 'Sign in with a browser'],
  [403, 'not_permitted', 403, 'Not permitted'],
  [404, 'not_found', 404, 'Not found'],
  [401, 'assertion_refused', 503, 'The access cannot be read'],
  [503, 'store_unavailable', 503, 'The access cannot be read'],
])('If the auth-server answers %i %s, the page is %i and says what to do', async (answered, code, status, title) => {
  Object.assign(door, { status: answered, code });
  const page = await send(`/people/${id}`);
  expect([page.status, page.words]).toEqual([status, expect.stringContaining(title)]);
});

test('The API has the same, and takes the end of access as JSON only', async () => {
  const read = async (path: string) => JSON.parse((await send(`/api/people${path}`)).html);
  expect(await read('?q=d')).toMatchObject({
    total: 1,
    people: [
      {
        ...{ id, sign_ins: 2, signed_in_since: '2026-11-19T12:00:00.000Z', accounts: 1 },
        ...{ last_used: '2026-11-20T10:00:00.000Z', last_used_from: '192.0.2.1' },
      },
    ],
  });
  expect(await read('/others')).toMatchObject({ total: 1, people: [{ sub: 'sub-olga', accounts: 2 }] });
  expect(await read(`/${id}`)).toMatchObject({
    sub: 'sub-dave',
    access: [{ name: 'Claude Code', client_id: 'digest', from: '192.0.2.1', last_used_from: '2001:db8::7' }, {}],
  });
  expect(await read('/clients')).toMatchObject({ clients: [{ client_id: 'digest', people: 2 }] });
  expect(await read('/ended')).toMatchObject({ ended: [{ by: 'alice', ended: 3 }, { ended: null }] });
  const what = { person: id, all: 'everything' };
  expect((await send('/api/people/end', { form: what })).status).toBe(415);
  expect((await send('/api/people/end', { json: { person: id } })).status).toBe(400);
  expect((await send('/api/people/end', { json: what, scopes: ['viewer'] })).status).toBe(403);
  expect(door.asked).toEqual([]);
  expect((await send('/api/people/end', { json: what })).html).toBe('{"ended":1}');
  expect(door.asked).toEqual([what]);
});
