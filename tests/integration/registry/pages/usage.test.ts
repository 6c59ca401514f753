import { type Usage, usageQuery } from '../../../../common/doors/usage.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { usageAnswer } from '../../../../registry/api/usage.ts';
import { createReadUsage } from '../../../../registry/doors/usage.ts';
import { listen } from '../../../support/listen.ts';
import { admin, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';
import { noUsage, someUsage } from '../../../support/registry/usage-data.ts';

const now = new Date('2026-11-23T13:30:00Z');

/** An auth-server that answers as each test wants. */
const usual = { status: 200, answer: someUsage as (...asked: Parameters<typeof someUsage>) => object };
const door = { ...usual, asked: [] as string[] };
const authServer = await listen((req, res) => {
  const url = new URL(req.url ?? '', 'http://a');
  door.asked.push(req.url ?? '');
  res.statusCode = req.headers['x-mcp-assertion'] ? door.status : 401;
  const query = usageQuery.parse(Object.fromEntries(url.searchParams));
  res.end(JSON.stringify(door.status === 200 ? door.answer(query, now) : { error: { code: 'x', message: 'no' } }));
});
const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], view_audit: [all] }
  partly: { list_service: [all], view_audit: [currenttime] }
  viewer: { list_service: [all] }
`);
const registry = await startRegistry(signer.keys, {
  policy: () => policy,
  readUsage: createReadUsage(`http://127.0.0.1:${authServer.port}`),
  now: () => now,
});
afterAll(async () => {
  await registry.close();
  await authServer.close();
});
beforeEach(() => {
  Object.assign(door, usual, { asked: [] });
});

async function get(path: string, scope = 'mcp-registry-admin') {
  const accept = path.startsWith('/api/') ? 'application/json' : 'text/html';
  const headers = { 'X-Mcp-Assertion': await signer.sign({ ...admin, scopes: [scope] }), Accept: accept };
  const answer = await fetch(registry.url + path, { headers });
  const text = await answer.text();
  const body = text.slice(Math.max(0, text.indexOf('<main')));
  const words = body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  return { status: answer.status, html: text, words };
}

test('Usage has figures, charts with a table beside them, and what was called by whom', async () => {
  const { status, html, words } = await get('/usage');
  expect([status, door.asked]).toEqual([200, ['/usage?span=24h']]);
  expect(html).toMatch(/<a href="\/usage" aria-current="page">/);
  expect(html).toMatch(/aria-label="Calls by hour: [\d,]+ calls, .* The same as a table below\."/);
  expect(html).toContain('aria-label="Time to answer by hour: half within 128 ms, 95 % within 612 ms.');
  expect(words).toContain('Calls as a table');
  expect(words).toMatch(/Servers .* Current time [\d,]+ \d+ \d+ \d+ ms \d+ ms 2 h ago/);
  expect(words).toMatch(/search_issues github [\d,]+/);
  expect(words).toMatch(/People .* dave [\d,]+ .* Agents .* agent-triage .* Clients .* Claude Code/);
  expect(words).toContain('no rule allows it 268');
  expect(html).toContain('<a href="/usage?span=90d#unused">Rights that were not used in 90 days</a>');
});

test('The usage of 90 days has the rights that were given and not used', async () => {
  const { words, html } = await get('/usage?span=90d');
  expect(door.asked).toEqual(['/usage?span=90d']);
  expect(words).toContain('Calls by day');
  expect(words).toMatch(/delete_branch , merge_pull_request on github : not used in 90 days/);
  expect(words).toContain('The whole rule for every server : not used in 90 days No group has it');
  expect(html).toContain('<a href="/usage?span=90d" aria-current="page">90 d</a>');
  expect((await get('/usage?span=1y')).status).toBe(400);
});

test('Without a call, the page says so and shows no chart', async () => {
  door.answer = noUsage;
  const first = await get('/usage');
  expect(first.words).toContain('No calls in 24 hours The first call appears here');
  expect(first.html).not.toContain('class="chart"');
  door.answer = (...asked) => ({ ...noUsage(...asked), since: '2026-11-01T00:00:00.000Z' });
  expect((await get('/usage')).words).toContain('Look back 90 days');
});

test('Where nothing is measured, the page says so and has no columns of zeros', async () => {
  door.answer = (...asked) => ({ ...someUsage(...asked), measured: 'none' });
  const { words } = await get('/usage');
  expect(words).toContain('Times and errors are not measured');
  expect(words).toContain('Tool Share Calls Refused Last');
});

test('A server’s page has its activity for people with view_audit for it, and for no others', async () => {
  const { status, words, html } = await get('/servers/currenttime/activity?span=7d', 'partly');
  expect([status, door.asked]).toEqual([200, ['/usage?span=7d&server=currenttime']]);
  expect(words).toContain('Calls in 7 days');
  expect(html).toContain('href="/servers/currenttime/activity" aria-current="page"');
  expect(html).toContain('<a href="/servers/currenttime/activity?span=90d">90 d</a>');
  expect((await get('/servers/currenttime', 'partly')).html).toContain('/servers/currenttime/activity"');
  expect((await get('/servers/secret-plans', 'partly')).html).not.toContain('/activity"');
  const refused = await get('/servers/secret-plans/activity', 'partly');
  expect([refused.status, door.asked.length]).toEqual([403, 1]);
  expect(refused.words).toContain(
    'To see the calls of “secret-plans”, one of your groups needs the permission view_audit',
  );
  expect((await get('/servers/nowhere/activity')).status).toBe(404);
});

test('People without view_audit have no place called Usage, and a refusal that says what helps', async () => {
  expect((await get('/', 'viewer')).html).not.toContain('href="/usage"');
  expect((await get('/', 'partly')).html).toContain('href="/usage"');
  const { status, words } = await get('/usage', 'viewer');
  expect([status, door.asked]).toEqual([403, []]);
  expect(words).toContain('view_audit');
});

test('The API answers the same as JSON, of all servers and of one', async () => {
  const { status, html } = await get('/api/usage?span=90d&server=');
  expect([status, door.asked]).toEqual([200, ['/usage?span=90d']]);
  const answer = usageAnswer.parse(JSON.parse(html));
  expect(answer).toMatchObject({
    slot_seconds: 86_400,
    unused: [{ last_used: now.toISOString() }, { last_used: null }],
  });
  for (const path of ['/api/servers/currenttime/usage?span=7d', '/api/usage?span=7d&server=currenttime'])
    expect((await get(path, 'partly')).status).toBe(200);
  expect(door.asked.slice(1)).toEqual(Array.from({ length: 2 }, () => '/usage?span=7d&server=currenttime'));
  const refused = ['/api/usage?server=secret-plans', '/api/servers/secret-plans/usage'];
  for (const path of refused) expect((await get(path, 'partly')).status).toBe(403);
  expect((await get('/api/servers/nowhere/usage')).status).toBe(404);
  expect((await get('/api/usage?span=x')).status).toBe(400);
});

test('An auth-server that refuses, fails or answers something else is told from each other', async () => {
  const statusWith = async (differs: Partial<typeof usual>) => {
    Object.assign(door, usual, differs);
    return (await get('/api/usage')).status;
  };
  expect(await statusWith({ status: 403 })).toBe(403);
  expect(await statusWith({ status: 503 })).toBe(503);
  const { total: _, ...rest }: Partial<Usage> = someUsage({ span: '24h' }, now);
  expect(await statusWith({ answer: () => rest })).toBe(503);
  expect((await get('/usage')).words).toContain('cannot be read at the moment');
});
