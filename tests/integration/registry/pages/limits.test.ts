import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createLimitsDoor } from '../../../../registry/doors/limits.ts';
import { listen } from '../../../support/listen.ts';
import { admin, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';

const at = Date.parse('2026-11-30T12:10:00Z') / 1000;
const hour = {
  ...{ server: 'github', tools: ['create_issue', 'delete_*'], most: 100, seconds: 3_600 },
  endsAt: Date.parse('2026-11-30T13:00:00Z') / 1000,
};
const dave = { kind: 'person', name: 'Dave <b>', sub: 'sub-dave', id: 'Y29nbml0byBkYXZl' };
const bot = { kind: 'agent', name: 'bot', sub: 'bot', id: null };
const usual = {
  ...{
    status: 200,
    state: 'shared',
    near: [
      { ...hour, ...dave, calls: 104 },
      { ...hour, ...bot, calls: 51 },
    ],
  },
  own: [{ ...hour, calls: 97 }] as object[],
};
/** An auth-server that answers as each test wants. */
const door = { ...usual, asked: [] as string[] };
const authServer = await listen((req, res) => {
  door.asked.push(req.url ?? '');
  const answer = req.url === '/account/limits' ? { limits: door.own } : { near: door.near, state: door.state };
  res.statusCode = door.status;
  res.end(JSON.stringify(door.status === 200 ? answer : { error: { code: 'session_needed', message: 'no' } }));
});
const policy = parsePolicy(`
group_mappings: { counted: [user], free: [user] }
UI-Scopes:
  viewer: { view_people: [all] }
limits:
  - { who: [counted], server: github, tools: [create_issue, "delete_*"], calls: 100, per: hour }
user: [{ server: github, methods: [tools/call], tools: ["*"] }]
`);
const registry = await startRegistry(signer.keys, {
  policy: () => policy,
  limits: createLimitsDoor(`http://127.0.0.1:${authServer.port}`),
  now: () => new Date(at * 1000),
});
afterAll(async () => {
  await registry.close();
  await authServer.close();
});
beforeEach(() => {
  Object.assign(door, usual, { asked: [] });
});

async function get(path: string, person: object) {
  const headers = { 'X-Mcp-Assertion': await signer.sign({ ...admin, ...person }), Accept: 'text/html' };
  const answer = await fetch(registry.url + path, { headers, redirect: 'manual' });
  const html = await answer.text();
  const main = html.slice(html.indexOf('<main'));
  const words = main.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  return { status: answer.status, html, words };
}
const viewer = { groups: [], scopes: ['viewer'] };
const counted = { groups: ['counted'], scopes: ['user'] };

test('The page lists who is near a limit, with what was used and when all of it is there again', async () => {
  const { status, words, html } = await get('/access/limits', viewer);
  expect(status).toBe(200);
  expect(words).toContain('Dave &lt;b&gt; sub-dave create_issue or delete_* on github all of 100 an hour 13:00 UTC');
  expect(words).toContain('bot agent create_issue or delete_* on github 51 of 100 an hour 13:00 UTC');
  expect(html).toContain(`href="/people/${dave.id}"`);
  expect(html).toContain('class="state bad"');
  expect(html).toContain('class="state wait"');
});

test.each<[string, Partial<typeof usual>, string]>([
  ['that the policy has no limits', { near: [], state: 'none' }, 'The policy has no limits'],
  ['that no one is near one', { near: [] }, 'No person and no agent has used half of a limit.'],
  ['that the database does not answer', { state: 'alone' }, 'each process admits its share'],
])('The page says %s', async (_what, change, sentence) => {
  Object.assign(door, change);
  expect((await get('/access/limits', viewer)).words).toContain(sentence);
});

test('The page opens for those who may see people only, and asks nothing for others', async () => {
  expect((await get('/access/limits', counted)).status).toBe(403);
  expect(door.asked).toEqual([]);
});

test('My rights show what is left of a limit', async () => {
  const { words } = await get('/rights', counted);
  expect(words).toContain('At most 100 calls of create_issue or delete_* on github an hour. 3 left until 13:00 UTC');
  Object.assign(door, { own: [{ ...hour, calls: 100 }] });
  expect((await get('/rights', counted)).words).toContain('none left until 13:00 UTC');
});

test('My rights show the limit without what is left where that is not known', async () => {
  Object.assign(door, { status: 403 });
  const { status, words } = await get('/rights', counted);
  expect(status).toBe(200);
  expect(words).toContain('At most 100 calls of create_issue or delete_* on github an hour.');
  expect(words).not.toContain('left until');
});

test('My rights ask nothing for a person without limits', async () => {
  const { status, words } = await get('/rights', { groups: ['free'], scopes: ['user'] });
  expect(status).toBe(200);
  expect(words).not.toContain('At most');
  expect(door.asked).toEqual([]);
});
