import { type Account, type AccountEnd, mostRecords } from '../../../../common/doors/account.ts';
import { createAccountDoor } from '../../../../registry/doors/account.ts';
import { listen } from '../../../support/listen.ts';
import { admin, publicUrl, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';

type Entry = Account['records'][number];
const at = Date.parse('2026-11-20T12:00:00Z') / 1000;
const entry = (letter: string, change: Partial<Entry>): Entry => ({
  ...{ id: letter.repeat(22), kind: 'client', isOwn: false, client: null, resource: null },
  ...{ since: at - 86_400, lastUsed: at - 7_200, ends: at + 29 * 86_400, endsUnused: at + 14 * 86_400 },
  ...change,
});
const [own, phone, terminal] = [
  entry('o', { kind: 'browser', isOwn: true }),
  entry('p', { kind: 'browser' }),
  entry('t', { kind: 'terminal' }),
];
const code = entry('c', { client: 'Claude <Code>\u202e', resource: `${publicUrl}/currenttime/mcp` });
const nameless = entry('n', { resource: `${publicUrl}/mcp`, lastUsed: at - 60, endsUnused: null });
const script = entry('s', {
  kind: 'personal',
  client: 'nightly <script>',
  resource: `${publicUrl}/currenttime/mcp`,
  endsUnused: null,
});
const all = [code, nameless, phone, terminal, own];

/** An auth-server that answers as each test wants. */
const door = {
  records: all,
  status: 200,
  ended: 1,
  asked: [] as (AccountEnd | undefined)[],
  assertions: new Set<unknown>(),
};
const authServer = await listen((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    door.assertions.add(req.headers['x-mcp-assertion']);
    const isEnd = req.url === '/account/end' && req.method === 'POST';
    if (isEnd) door.asked.push(JSON.parse(Buffer.concat(chunks).toString()));
    const { records, ended } = door;
    res.statusCode = door.status;
    const listed =
      req.url === '/account/connected' ? { accounts: [] } : { provider: 'Amazon Cognito', makesTokens: true, records };
    res.end(JSON.stringify(isEnd ? { ended } : listed));
  });
});
const registry = await startRegistry(signer.keys, {
  account: createAccountDoor(`http://127.0.0.1:${authServer.port}`),
  now: () => new Date(at * 1000),
});
afterAll(async () => {
  await registry.close();
  await authServer.close();
});
beforeEach(() => void Object.assign(door, { records: all, status: 200, ended: 1, asked: [], assertions: new Set() }));

const ownPage = { Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' };
async function send(path: string, form?: Record<string, string>, more: Record<string, string> = ownPage) {
  const assertion = await signer.sign(admin);
  const headers = { 'X-Mcp-Assertion': assertion, Accept: 'text/html', ...(form && more) };
  const post = form && { method: 'POST', body: new URLSearchParams(form) };
  const answer = await fetch(registry.url + path, { ...post, headers, redirect: 'manual' });
  const html = await answer.text();
  const words = html
    .slice(html.indexOf('<main'))
    .replaceAll('<p>', ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');
  return { status: answer.status, location: answer.headers.get('location') ?? '', html, words, assertion };
}

test('The page shows clients in their own words, places by name, sign-ins, and when each began, was used and ends', async () => {
  const { status, words, html, assertion } = await send('/account');
  expect(status).toBe(200);
  expect(words).toContain('mcp-registry-admin · signed in with Amazon Cognito · what I may call');
  expect(words).toContain(
    'A program that calls itself Claude &lt;Code&gt;\u{fffd} currenttime · since 19 Nov · used 2 h ago · ends 19 Dec, or 4 Dec without use',
  );
  expect(words).toContain(
    'A program that gives no name all your servers · since 19 Nov · used in the last hour · ends 19 Dec',
  );
  expect(words).toContain('Command line');
  expect(words).toContain('Browser this one');
  expect(html.match(/<form method="post" action="\/account\/end">/g)).toHaveLength(4);
  expect(html).not.toContain(own.id);
  expect([...door.assertions]).toEqual([assertion]);
});

test('Without a client, the page says in words how one is connected, and offers to end none', async () => {
  door.records = [own];
  const { words } = await send('/account');
  expect(words).toContain('No program acts as you.');
  expect(words).not.toContain('End');
});

test('Personal tokens have a section of their own, with the way to make one, and are ended one by one or all', async () => {
  door.records = [script, own];
  const { words, html } = await send('/account');
  expect(words).toContain('nightly &lt;script&gt; currenttime · since 19 Nov · used 2 h ago · ends 19 Dec');
  expect(words).toContain('No program acts as you.');
  expect(html).toContain('href="/oauth2/personal-token"');
  const { location } = await send('/account/end', { id: script.id });
  expect((await send(location)).words).toContain('Ended: the token “nightly &lt;script&gt;” for currenttime.');
  expect((await send('/account/end?all=tokens')).words).toContain('End all 1 personal token?');
  await send('/account/end', { all: 'tokens' });
  expect(door.asked.at(-1)).toEqual({ all: 'tokens' });
});

test('With as many records as are listed, the page says that there may be more', async () => {
  door.records = [
    own,
    ...Array.from({ length: mostRecords - 1 }, (_, i) => ({ ...code, id: String(i).padEnd(22, '_') })),
  ];
  expect((await send('/account')).words).toContain('The newest 200 are shown.');
  expect((await send('/account/end?all=clients')).words).toContain('Older ones end too.');
});

test.each([
  [code, 'Ended: “Claude &lt;Code&gt;\u{fffd}” at currenttime.'],
  [nameless, 'Ended: a program without a name at all your servers.'],
  [phone, 'Ended: the sign-in in another browser.'],
  [terminal, 'Ended: the sign-in of the command line.'],
])('One click ends one, and the next page names it', async ({ id }, said) => {
  const { status, location } = await send('/account/end', { id });
  expect([status, location]).toEqual([303, expect.stringMatching(/^\/account\?note=/)]);
  expect(door.asked).toEqual([{ id }]);
  expect((await send(location)).words).toContain(said);
});

test('The page says when nothing was left to end', async () => {
  door.ended = 0;
  const { location } = await send('/account/end', { id: 'x'.repeat(22) });
  expect((await send(location)).words).toContain('Nothing was left to end.');
});

test('Before all of a kind end, a page names them', async () => {
  const clients = await send('/account/end?all=clients');
  expect(clients.words).toContain('End all 2 connected clients?');
  expect(clients.words).toContain('A program that calls itself Claude');
  expect(clients.words).not.toContain('Browser');
  const sessions = await send('/account/end?all=sessions');
  expect(sessions.words).toContain('End all 2 other sign-ins?');
  expect(sessions.words).not.toContain('this one');
  door.ended = 2;
  const { location } = await send('/account/end', { all: 'clients' });
  expect(door.asked).toEqual([{ all: 'clients' }]);
  expect((await send(location)).words).toContain('2 connected clients ended.');
  door.records = [own];
  expect(await send('/account/end?all=sessions')).toMatchObject({ status: 303, location: '/account' });
});

test.each([
  [{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  [{ Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' }],
  [{ Origin: 'null' }],
  [{}],
])('A form that another page has sent (%j) ends nothing', async (headers) => {
  expect((await send('/account/end', { all: 'clients' }, headers as Record<string, string>)).status).toBe(403);
  expect(door.asked).toEqual([]);
});

test.each([{}, { id: 'short' }, { id: 'x'.repeat(22), all: 'clients' }, { all: 'everything' }])(
  'A form that does not say what to end (%j) ends nothing',
  async (form) => {
    expect((await send('/account/end', form as unknown as Record<string, string>)).status).toBe(400);
    expect(door.asked).toEqual([]);
  },
);

test('Opening an address ends nothing, and other groups have no page', async () => {
  for (const path of ['/account/end', '/account/end?all=everything', '/account/end?all=clients&all=sessions'])
    expect((await send(path)).status).toBe(404);
  expect((await send('/account/end?all=clients')).status).toBe(200);
  expect(door.asked).toEqual([]);
});

test.each([
  [403, 403, 'Sign in with a browser'],
  [401, 503, 'The access cannot be read'],
  [404, 503, 'The access cannot be read'],
  [503, 503, 'The access cannot be read'],
])('If the auth-server answers %i, the page is %i and says what to do', async (answered, status, title) => {
  door.status = answered;
  const page = await send('/account');
  expect(page.status).toBe(status);
  expect(page.words).toContain(title);
});

test('An answer that holds more than it may is not shown', async () => {
  door.records = [{ ...code, refreshToken: 'secret' } as Entry];
  const { status, html } = await send('/account');
  expect([status, html.includes('secret')]).toEqual([503, false]);
});
