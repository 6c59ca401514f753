import request from 'supertest';
import { decisionSums, suggestions } from '../../../../common/doors/decisions.ts';
import { usage as usageShape } from '../../../../common/doors/usage.ts';
import {
  type AuthServer,
  keys,
  personClaims,
  startAuthServer,
  toolCall,
} from '../../../support/auth-server/auth-fixture.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const policyText = `
group_mappings:
  admin: [admin]
  time: [time]
  nothing: [nothing]
UI-Scopes:
  admin: {view_audit: [all]}
  time: {view_audit: [currenttime], list_service: [all]}
  nothing: {list_service: [all]}
admin:
  - {server: "*", methods: [tools/call], tools: ["*"]}
time:
  - {server: currenttime, methods: [tools/call], tools: [look, touch]}
  - {server: fininfo, methods: [tools/call], tools: [quote]}
`;
const definitions = new Map([
  ['currenttime', ['look', 'touch']],
  ['fininfo', ['quote']],
]);
let cognito: RunningCognito;
let auth: AuthServer;
const paths = ['/usage', '/decisions/sums', '/decisions/suggest?kind=person'];

beforeAll(async () => {
  cognito = await startCognito({ keys });
  auth = await startAuthServer(cognito.url, { policyText, definitions });
  const call = async (who: object, server: string, tool: string) => {
    const token = await cognito.control.mint('access', { ...personClaims(), ...who });
    await auth.validate({ Authorization: `Bearer ${token}`, 'X-Mcp-Server': server }, toolCall(tool));
  };
  await call({ sub: 'sub-ann', username: 'ann', 'cognito:groups': ['admin'] }, 'fininfo', 'quote');
  await call({ sub: 'sub-tom', username: 'tom', 'cognito:groups': ['time'] }, 'currenttime', 'look');
  await call({ sub: 'sub-tom', username: 'tom', 'cognito:groups': ['time'] }, 'currenttime', 'other');
});
afterAll(async () => {
  await auth.close();
  await cognito.close();
});

const assertionOf = (scopes: string[], resource = '#registry') => {
  const expiresAt = Math.floor(Date.now() / 1_000) + 600;
  const who = { kind: 'person' as const, subject: 's', username: 'u', clientId: undefined, groups: [], scopes };
  const more = { authMethod: 'session_cookie' as const, sessionId: undefined, expiresAt };
  return auth.assertions.sign({ ...who, ...more }, resource);
};
const get = async (path: string, scopes: string[]) =>
  await request(auth.app)
    .get(path)
    .set('X-Mcp-Assertion', await assertionOf(scopes));
const usageOf = async (scopes: string[], query = '') => usageShape.parse((await get(`/usage${query}`, scopes)).body);

/** Who sees calls of which servers, which people, and which rights that were not used. */
test.each([
  {
    scopes: ['admin'],
    query: '',
    servers: ['currenttime', 'fininfo'],
    people: ['ann', 'tom'],
    rights: ['time[1]', 'admin[0]', 'time[0]'],
  },
  { scopes: ['admin'], query: '?server=fininfo', servers: ['fininfo'], people: ['ann'], rights: ['time[1]'] },
  { scopes: ['time'], query: '', servers: ['currenttime'], people: ['tom'], rights: ['admin[0]', 'time[0]'] },
  {
    scopes: ['time'],
    query: '?server=currenttime',
    servers: ['currenttime'],
    people: ['tom'],
    rights: ['admin[0]', 'time[0]'],
  },
])('A reader with the scope $scopes sees at /usage$query these servers, people and rights only', async (row) => {
  const { servers, people, unused } = await usageOf(row.scopes, row.query);
  expect(servers.map(({ id }) => id).sort()).toEqual(row.servers);
  expect(people.map(({ name }) => name).sort()).toEqual(row.people);
  expect(unused.map(({ rule }) => rule)).toEqual(row.rights);
});

test('Rights that were not used name their groups, and the tools that were not called', async () => {
  const { total, since, unused } = await usageOf(['time']);
  expect(total).toMatchObject({ calls: 2, refused: 1 });
  expect(since).toBeNull();
  expect(unused).toEqual([
    { rule: 'admin[0]', groups: ['admin'], server: 'currenttime', tools: ['look', 'touch'], lastUsed: null },
    { rule: 'time[0]', groups: ['time'], server: 'currenttime', tools: ['touch'], lastUsed: expect.any(String) },
  ]);
});

test('Sums and suggestions hold what the reader may see, and no one else', async () => {
  const sums = async (scopes: string[]) =>
    decisionSums
      .parse((await get('/decisions/sums?caller=known', scopes)).body)
      .rows.map(({ name, tool }) => `${name} ${tool}`);
  expect((await sums(['admin'])).filter((row) => !row.includes('/')).sort()).toEqual([
    'ann quote',
    'tom look',
    'tom other',
  ]);
  expect((await sums(['time'])).sort()).toEqual(['tom look', 'tom other']);
  const people = async (scopes: string[]) =>
    suggestions
      .parse((await get('/decisions/suggest?kind=person&q=sub-', scopes)).body)
      .values.map(({ label }) => label);
  expect((await people(['admin'])).sort()).toEqual(['ann', 'tom']);
  expect(await people(['time'])).not.toContain('ann');
});

test.each(paths)(
  '%s answers nothing without an assertion for the registry, without view_audit, or to a bad query',
  async (path) => {
    expect((await request(auth.app).get(path)).status).toBe(401);
    const elsewhere = await request(auth.app)
      .get(path)
      .set('X-Mcp-Assertion', await assertionOf(['admin'], 'currenttime'));
    expect(elsewhere.status).toBe(401);
    const refused = await get(path, ['nothing']);
    expect(refused.status).toBe(403);
    expect(refused.body.error.code).toBe('not_permitted');
    expect(refused.headers['cache-control']).toBe('no-store');
    expect((await get('/usage?server=fininfo', ['time'])).status).toBe(403);
    const long = `server=${'x'.repeat(301)}&q=${'x'.repeat(301)}`;
    expect((await get(`${path}${path.includes('?') ? '&' : '?'}${long}`, ['admin'])).status).toBe(400);
  },
);
