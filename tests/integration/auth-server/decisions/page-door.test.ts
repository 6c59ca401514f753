import type { JWTPayload } from 'jose';
import type { DecisionPage } from '../../../../common/doors/decisions.ts';
import {
  AGENT,
  type AuthServer,
  agentClaims,
  keys,
  personClaims,
  sessionRecord,
  startAuthServer,
  toolCall,
} from '../../../support/auth-server/auth-fixture.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const policyText = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
  mcp-registry-user: [mcp-registry-user]
  part: [part]
UI-Scopes:
  mcp-registry-admin: {view_audit: [all]}
  part: {view_audit: [currenttime]}
mcp-registry-admin:
  - {server: "*", methods: ["*"], tools: ["*"]}
mcp-registry-user:
  - {server: fininfo, methods: [tools/call], tools: ["*"]}
`;
const admin = { scopes: ['mcp-registry-admin'] };
let cognito: RunningCognito;
let auth: AuthServer;
beforeAll(async () => {
  cognito = await startCognito({ keys });
});
afterAll(() => cognito.close());
beforeEach(async () => {
  auth = await startAuthServer(cognito.url, { policyText });
});
afterEach(() => auth.close());

const principal = (change: object) => ({
  kind: 'person' as const,
  subject: 's',
  username: 'u',
  clientId: undefined,
  groups: [],
  scopes: [],
  authMethod: 'session_cookie' as const,
  sessionId: undefined,
  expiresAt: Math.floor(Date.now() / 1000) + 600,
  ...change,
});
const ask = async (assertion: string | undefined, query = '') => {
  const headers: Record<string, string> = assertion === undefined ? {} : { 'X-Mcp-Assertion': assertion };
  const answer = await fetch(`${auth.url}/decisions${query}`, { headers });
  return { status: answer.status, body: (await answer.json()) as DecisionPage };
};
const as = (change: object, resource = '#registry') => auth.assertions.sign(principal(change), resource);
const mint = (claims: JWTPayload) => cognito.control.mint('access', claims);
const call = async (claims: object, tool: string, headers = {}) => {
  const token = await mint({ ...personClaims(), ...claims });
  await auth.validate({ Authorization: `Bearer ${token}`, ...headers }, toolCall(tool));
  return token;
};

test('A caller with view_audit sees the decisions (who, what, verdict, rule or reason) and no credential', async () => {
  const token = await call({}, 'look');
  await call({ 'cognito:groups': ['mcp-registry-user'], username: 'bob' }, 'touch');
  const { status, body } = await ask(await as(admin), '?tool=tools/call');
  expect(status).toBe(200);
  expect(body.decisions).toMatchObject([
    { verdict: 'deny', username: 'bob', server: 'currenttime', object: 'touch', reason: 'not_permitted', status: 403 },
    { verdict: 'allow', username: 'alice', object: 'look', rule: 'mcp-registry-admin[0]', scopes: admin.scopes },
  ]);
  expect(body.decisions[0]?.message).toContain('Not allowed');
  expect(JSON.stringify(body)).not.toContain(token.slice(0, 20));
});

test('That a person reads the audit is a record of it, with the filters and the address of their session', async () => {
  const session = { sid: 'reader', sub: 's', username: 'u', usedAddress: '192.0.2.7' };
  await auth.store.sessions.add(sessionRecord(session));
  const reader = await as({ ...admin, sessionId: session.sid });
  for (let i = 0; i < 2; i++) await ask(reader, '?tool=tools/call');
  const { decisions } = (await ask(reader, '?tool=audit/read')).body;
  expect(decisions).toMatchObject([{ subject: 's', address: '192.0.2.7', detail: 'tool=tools/call' }]);
});

test('A caller without view_audit, without an assertion, or with an assertion for another audience sees nothing', async () => {
  await call({}, 'look');
  expect((await ask(await as({ scopes: ['mcp-registry-user'] }))).status).toBe(403);
  expect((await ask(await as({ scopes: [] }))).status).toBe(403);
  expect((await ask(undefined)).status).toBe(401);
  expect((await ask('no.such.token')).status).toBe(401);
  expect((await ask(await as(admin, 'mcpgw'))).status).toBe(401);
  expect((await ask(await as(admin, 'currenttime'))).status).toBe(401);
  const over = await as({ ...admin, expiresAt: Math.floor(Date.now() / 1000) - 60 });
  expect((await ask(over)).status).toBe(401);
  const ours = await mint({ ...agentClaims(), sub: AGENT });
  expect((await ask(ours)).status).toBe(401);
});

test('A caller with view_audit for one server sees that server, and nothing about the registry', async () => {
  await call({}, 'look');
  await call({}, 'look', { 'X-Mcp-Server': 'fininfo' });
  await fetch(`${auth.url}/validate`, { headers: { 'X-Resource': 'registry' } });
  const seen = await ask(await as({ scopes: ['part'] }));
  expect(seen.body.decisions.map(({ server }) => server)).toEqual(['currenttime']);
  expect(seen.body.kept).toBe(1);
  // The start of the process, and that the audit was read, too.
  expect((await ask(await as(admin))).body.kept).toBe(5);
});

test.each(['verdict=maybe', 'limit=0', 'limit=5000', 'since=yesterday', "before=1'or'1", `person=${'x'.repeat(301)}`])(
  'An invalid query (%s) is rejected',
  async (query) => {
    expect((await ask(await as(admin), `?${query}`)).status).toBe(400);
  },
);
