import type { Decision, DecisionsQuery } from '../../../../common/doors/decisions.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { AuditDoor } from '../../../../registry/doors/decisions.ts';
import { RegistryError } from '../../../../registry/errors/registry-error.ts';
import { admin, signer, startRegistry, user } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: { mcp-registry-admin: [mcp-registry-admin], mcp-registry-user: [auditor] }
UI-Scopes:
  mcp-registry-admin: { list_service: [currenttime], modify_service: [all], view_audit: [all], export_audit: [currenttime] }
  auditor: { view_audit: [all] }
`);
const auditor = { ...user, scopes: ['auditor'] };
const decision: Decision = {
  ...{ id: 'c-0-1', at: '2026-11-23T09:00:00.000Z', verdict: 'allow', policy: '5f0c', microseconds: 40 },
  ...{ subject: 's-1', username: 'bob', groups: ['unknown', 'mcp-registry-user'], scopes: ['auditor'], via: 'daily' },
  ...{ resource: 'mcp', server: 'currenttime', http: 'POST /currenttime/mcp', method: 'tools/call', object: 'now' },
  ...{ rule: 'auditor[0]', objects: 3, definition: 'a1b2', account: 'clock', account_used: false },
};
const asked: DecisionsQuery[] = [];
let sums: AuditDoor['sums'];
const audit: AuditDoor = {
  async decisions(_assertion, query) {
    asked.push(query);
    return { decisions: [decision], next: null, kept: 1, oldest: decision.at };
  },
  sums: async (...question) => await sums(...question),
  suggest: async () => ({
    values: [
      { value: '#registry', label: 'the registry' },
      { value: 's-1', label: 'bob' },
      { value: 's-2', label: 'bob' },
      { value: 's-3', label: '<b>eve' },
    ],
  }),
};
const now = new Date('2026-11-24T09:00:00.000Z');
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  registry = await startRegistry(signer.keys, { policy: () => policy, audit, now: () => now });
});
beforeEach(() => {
  sums = async () => {
    const row = { person: 's-1', name: 'bob', server: 'currenttime', tool: 'now', reason: '', count: 5_000 };
    return { rows: [row], cut: false };
  };
});
afterAll(async () => await registry?.close());

async function get(path: string, who: object = admin) {
  const answer = await fetch(registry.url + path, {
    headers: { 'X-Mcp-Assertion': await signer.sign({ ...admin, ...who }) },
  });
  return { status: answer.status, text: await answer.text() };
}

test('The export has the filters of the page, and says how much it will be', async () => {
  const { text } = await get('/audit?tool=now');
  expect(text).toContain('href="/audit/export?tool=now&amp;span=24h&amp;format=csv"');
  expect(text).toMatch(/5,000 records, about \d\.\d MB as NDJSON\. Only of the servers that your groups may export\./);
  expect((await get('/audit?span=all')).text).toContain('href="/audit/export?format=ocsf"');
  expect((await get('/audit', auditor)).text).not.toContain('/audit/export');
});

test('A page asks for its decisions and their sums once, and for an open decision only if it is not among them', async () => {
  const summed: object[] = [];
  sums = async (_assertion, query) => {
    summed.push(query);
    return { rows: [], cut: false };
  };
  asked.length = 0;
  await get('/audit/c-0-1?person=bob');
  expect([asked.length, summed.length]).toEqual([1, 1]);
  expect(summed[0]).toEqual({ person: 'bob', since: asked[0]?.since, times: 'span=24h' });
  await get('/audit/c-0-2?person=bob');
  expect(asked.slice(1)).toMatchObject([{ person: 'bob' }, { id: 'c-0-2' }]);
});

test('Without sums, the page shows the decisions, and says so', async () => {
  sums = async () => {
    throw new RegistryError('audit_unavailable', 'It does not answer.');
  };
  const { status, text } = await get('/audit');
  expect(status).toBe(200);
  expect(text).toContain('The sums cannot be read at the moment.');
  expect(text).toContain('id="d-c-0-1"');
});

test('A record says in words who asked through what, with which objects and account, and links only where the reader may go', async () => {
  const { text } = await get('/audit/c-0-1?part=record');
  for (const words of [
    'through the set daily',
    'the first of 3 in one request',
    'as the registry had last approved it',
  ])
    expect(text).toContain(words);
  expect(text).toContain('no token of their own account was used');
  expect(text).toContain('href="/servers/currenttime/access"');
  // The policy does not know every group that the provider named.
  expect(text).toContain('/rights?kind=group&amp;who=mcp-registry-user&amp;server=currenttime');
  expect((await get('/audit/c-0-1?part=record', auditor)).text).not.toMatch(/href="\/(servers|rights)/);
});

test('What is new is asked for with the filters, from some seconds before the newest of the page on', async () => {
  const { text } = await get('/audit/new?tool=now&after=2026-11-24T08:59:50.000Z');
  expect(asked.at(-1)).toMatchObject({ tool: 'now', times: 'span=24h', since: '2026-11-24T08:59:40.000Z' });
  expect(text).toContain('href="/audit/c-0-1?tool=now"');
  // What the filters leave out stays out.
  await get('/audit/new?since=2026-11-24T08:59:45&after=2026-11-24T08:59:50.000Z');
  expect(asked.at(-1)?.since).toBe('2026-11-24T08:59:45.000Z');
  expect((await get('/audit/new?since=nonsense')).status).toBe(400);
});

test('Names are suggested as options: an id only where two have one name', async () => {
  const { text } = await get('/audit/suggest?kind=person&person=b');
  expect([...text.matchAll(/<option value="(.*?)">(.*?)</g)].map(([, ...parts]) => parts)).toEqual([
    ['the registry', ''],
    ['s-1', 'bob'],
    ['s-2', 'bob'],
    ['&lt;b&gt;eve', ''],
  ]);
  expect((await get('/audit/suggest?kind=secrets')).status).toBe(400);
});

test.each(['/audit/nonsense', '/audit/c-0-1/more'])('%s is no page', async (path) => {
  expect((await get(path)).status).toBe(404);
});

test.each(['/audit', '/audit/c-0-1', '/audit/new', '/audit/suggest?kind=person'])(
  '%s needs view_audit',
  async (path) => {
    expect((await get(path, user)).status).toBe(403);
  },
);

test('A span of the API is one up to now, and gives way to times', async () => {
  await get('/api/decisions?span=1h');
  expect(asked.at(-1)?.since).toBe('2026-11-24T08:00:00.000Z');
  await get('/api/decisions?span=1h&since=2026-11-01T00:00:00Z&caller=known');
  expect(asked.at(-1)).toMatchObject({ since: '2026-11-01T00:00:00Z', caller: 'known' });
  expect((await get('/api/decisions?span=2h')).status).toBe(400);
});
