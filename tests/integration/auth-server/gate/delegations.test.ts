import { decodeJwt } from 'jose';
import type { SessionRecord } from '../../../../auth-server/store/session-record.ts';
import {
  AGENT,
  agentClaims,
  denialOf,
  now,
  personClaims,
  publicUrl,
  secretKey,
  sessionRecord,
  startAuthServer,
  toolCall,
  toolsList,
} from '../../../support/auth-server/auth-fixture.ts';
import { signLocalSession } from '../../../support/auth-server/local-session.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { useClock } from '../../../support/clock.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';

const policyText = `
group_mappings: { clock-users: [clock], openers: [open], both: [clock, open], mcp-registry-admin: [clock, open] }
clock: [{ server: currenttime, methods: [tools/list, tools/call], tools: [now] }]
open: [{ server: hub, methods: [tools/list] }, { server: mcpgw, methods: [tools/call], tools: [call_tool] }]
`;
const { cognito, auth } = await authServerWithPool({
  policyText,
  allowLocalSessions: true,
  // The hub's names are not among them, and it is open all the same.
  approved: new Map([
    ['currenttime', new Set(['now'])],
    ['mcpgw', new Set(['call_tool'])],
  ]),
  throttle: { failuresPerCredential: 60, failuresPerAddress: 60, requestsPerPrincipal: 40 },
});
const clock = useClock();

type Shown = Record<string, string>;
const atHub = { 'X-Resource': 'hub', 'X-Mcp-Server': 'hub', 'X-Original-URI': '/mcp', 'X-Real-IP': '203.0.113.7' };
const atSet = { ...atHub, 'X-Mcp-Server': 'team', 'X-Original-URI': '/team/mcp' };
const atMcpgw = { 'X-Resource': 'mcpgw', 'X-Mcp-Server': 'mcpgw', 'X-Original-URI': '/mcpgw/mcp' };
const ask = (shown: Shown, body: object = toolsList, place: object = atHub) =>
  auth.validate({ ...place, ...shown }, body);
/** The delegation for what a caller asks the hub. */
const delegated = async (shown: Shown, body?: object, place?: object) => {
  const { headers, status } = await ask(shown, body, place);
  expect(status).toBe(200);
  return headers.get('x-mcp-delegation') ?? '';
};
/** What a broker gets that asks for its caller. */
const inner = (delegation: string, body: object = toolsList, more: object = {}) =>
  auth.validate({ 'X-Resource': 'inner-mcp', Authorization: `Bearer ${delegation}`, ...more }, body);
const codeOf = (answer: Response) => (answer.status === 200 ? 'good' : denialOf(answer).code);

let people = 0;
const newPerson = () => ({ sub: `person-${++people}`, username: `person-${people}`, groups: ['both'] });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const record = (change: Partial<SessionRecord>) =>
  auth.store.sessions.add(sessionRecord({ expiresAt: now() + 3_600, ...change }));

/** Each way to show who one is, for a new person each time: what is sent, and the id of its record. */
const ways: Record<string, () => Promise<{ shown: Shown; sid?: string; subject: string }>> = {
  'a session cookie': async () => {
    const person = newPerson();
    const sid = `browser-${people}`;
    return { shown: { Cookie: await auth.session({ ...person, sid }) }, sid, subject: person.sub };
  },
  'an access token of the gateway': async () => {
    const person = newPerson();
    const sid = `client-${people}`;
    const resource = `${publicUrl}/mcp`;
    await record({ ...person, sid, kind: 'client', oauthClient: 'digest', resource });
    const token = await auth.accessTokens.mint({ sub: person.sub, sid, client: 'digest', resource });
    return { shown: bearer(token), sid, subject: person.sub };
  },
  'a personal token': async () => {
    const person = newPerson();
    const { token, sid } = auth.personalTokens.make();
    await record({ ...person, sid, kind: 'personal', resource: `${publicUrl}/mcp` });
    return { shown: bearer(token), sid, subject: person.sub };
  },
  'a token of the provider': async () => {
    const { groups, ...person } = newPerson();
    const claims = personClaims({ ...person, 'cognito:groups': groups });
    return { shown: bearer(await cognito.control.mint('access', claims)), subject: person.sub };
  },
  'a locally signed session': async () => {
    const person = newPerson();
    const value = await signLocalSession(secretKey, { ...person, iat: now(), exp: now() + 600 });
    return { shown: { Cookie: `${auth.cookieName}=${value}` }, subject: `local|${person.sub}` };
  },
};
const agent = async () => bearer(await cognito.control.mint('access', agentClaims({ scope: 'clock open' })));
const identityOf = ({ headers }: Response) =>
  Object.fromEntries(
    ['x-user', 'x-username', 'x-groups', 'x-scopes', 'x-auth-method', 'x-client-id'].map((name) => [
      name,
      headers.get(name),
    ]),
  );

describe.each(Object.keys(ways))('A caller with %s', (way) => {
  const come = ways[way] as (typeof ways)[string];

  test('is the same caller at a server when the hub asks for them', async () => {
    const { shown, subject } = await come();
    const outer = await ask(shown);
    const answer = await inner(outer.headers.get('x-mcp-delegation') ?? '');
    expect(codeOf(answer)).toBe('good');
    expect(answer.headers.get('x-user')).toBe(subject);
    expect(identityOf(answer)).toEqual(identityOf(outer));
    expect(decodeJwt(answer.headers.get('x-mcp-assertion') ?? '')).toMatchObject({
      ...{ sub: subject, aud: `${publicUrl}/currenttime` },
    });
  });

  test('who was revoked is revoked for the hub at once', async () => {
    const { shown, subject } = await come();
    const delegation = await delegated(shown);
    await auth.store.revocations.add({ kind: 'user', value: subject, at: now() + 1 });
    expect(codeOf(await inner(delegation))).toMatch(/access_revoked|session_ended/);
  });
});

describe.each(Object.entries(ways).slice(0, 3))('A caller with the record of %s', (_, come) => {
  test('has ended their access for the hub too when the record ends', async () => {
    const { shown, sid } = await come();
    const delegation = await delegated(shown);
    await auth.store.sessions.end({ sid: sid ?? '' });
    expect(codeOf(await inner(delegation))).toBe('session_ended');
  });

  test('has streams at servers that end with the record and with its revocation, not after two minutes', async () => {
    const { shown, sid } = await come();
    const answer = await inner(await delegated(shown), { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    const { ends, marks } = decodeJwt<{ ends: number; marks: string[] }>(answer.headers.get('x-relay') ?? '');
    const found = await auth.store.sessions.find(sid ?? '');
    expect(ends).toBe(found?.expiresAt);
    expect(marks.length).toBeGreaterThan(2);
  });
});

test('An agent is the same agent at a server when the hub asks for it', async () => {
  const shown = await agent();
  const answer = await inner(await delegated(shown));
  expect(identityOf(answer)).toEqual(identityOf(await ask(shown)));
  expect(answer.headers.get('x-user')).toBe(AGENT);
});

test('A caller whose groups have changed has the new ones when the hub asks: the record alone names them', async () => {
  const person = { ...newPerson(), sid: `browser-${people}` };
  const delegation = await delegated({ Cookie: await auth.session(person) });
  const lease = await auth.store.people.lease(sessionRecord({ ...person, expiresAt: now() + 3_600 }), 10);
  if (!lease) throw new Error('another test refreshes this person');
  await auth.store.people.save(lease, {
    groups: ['openers'],
    refreshedAt: now(),
    username: person.username,
    shownName: undefined,
    refreshToken: undefined,
  });
  expect(codeOf(await inner(delegation))).toBe('not_permitted');
});

describe('A delegation', () => {
  test('admits for two minutes, and then has expired instead of being a guess', async () => {
    const delegation = await delegated(await agent());
    clock.advance(110);
    expect(codeOf(await inner(delegation))).toBe('good');
    clock.advance(20);
    expect(codeOf(await inner(delegation))).toBe('token_expired');
  });

  test('ends with its caller if that is sooner', async () => {
    const token = await cognito.control.mint('access', agentClaims({ scope: 'clock open', exp: now() + 60 }));
    const delegation = await delegated(bearer(token));
    clock.advance(70);
    expect(codeOf(await inner(delegation))).toBe('token_expired');
  });

  test('is made for brokers only', async () => {
    const { headers } = await auth.validate(await agent());
    expect(headers.get('x-mcp-delegation')).toBeNull();
    const answer = await ask(await agent(), toolCall('call_tool'), atMcpgw);
    expect(answer.headers.get('x-mcp-delegation')).toBeNull();
  });

  test('is not made from a delegation', async () => {
    const delegation = await delegated(await agent());
    const { headers, status } = await inner(delegation);
    expect([status, headers.get('x-mcp-delegation')]).toEqual([200, null]);
  });

  test('repeats what was asked, and nothing else', async () => {
    const delegation = await delegated(await agent(), toolCall('currenttime__now'));
    expect(codeOf(await inner(delegation, toolCall('now')))).toBe('good');
    for (const body of [toolCall('other'), toolsList])
      expect(codeOf(await inner(delegation, body))).toBe('not_delegated');
    expect(codeOf(await inner(delegation, toolCall('now'), { 'X-Mcp-Server': 'fininfo' }))).toBe('not_delegated');
  });

  test('gives no right that its caller does not have', async () => {
    const delegation = await delegated(await agent(), toolCall('currenttime__other'));
    expect(codeOf(await inner(delegation, toolCall('other')))).toBe('not_permitted');
  });

  test('of a call of mcpgw is for the one tool that it names', async () => {
    const params = { name: 'call_tool', arguments: { server: 'currenttime', tool: 'now' } };
    const delegation = await delegated(await agent(), { ...toolCall('call_tool'), params }, atMcpgw);
    expect(codeOf(await inner(delegation, toolCall('now')))).toBe('good');
    expect(codeOf(await inner(delegation, toolsList))).toBe('not_delegated');
    const itself = { ...atMcpgw, 'X-Resource': 'inner-mcpgw' };
    expect(codeOf(await inner(delegation, { ...toolCall('call_tool'), params }, itself))).toBe('not_delegated');
  });

  test('opens no broker', async () => {
    const delegation = await delegated(await agent(), { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
    const there = { ...atHub, 'X-Resource': 'inner-hub' };
    expect(codeOf(await inner(delegation, initialize, there))).toBe('not_delegated');
  });

  test('does not count against the requests of its caller in a minute, nor as a guess of the broker', async () => {
    const { shown } = await (ways['a token of the provider'] as (typeof ways)[string])();
    const delegation = await delegated(shown);
    for (let i = 0; i < 50; i++) expect(codeOf(await inner(delegation))).toBe('good');
    for (let i = 0; i < 70; i++) expect(codeOf(await inner(`${delegation}x`))).toBe('token_invalid');
    expect(codeOf(await ask(shown))).toBe('good');
  });

  test('tells where its caller is', async () => {
    const answer = await inner(await delegated(await agent()));
    expect(answer.headers.get('x-caller-address')).toBe('203.0.113.7');
  });

  test('is written down with the broker that has asked', async () => {
    const delegation = await delegated(await agent(), toolCall('currenttime__now'));
    await inner(delegation, toolCall('now'));
    const [outerLine, innerLine] = auth.lines.slice(-2).map((line) => JSON.parse(line));
    expect(outerLine).toMatchObject({ server: 'hub', object: 'currenttime__now' });
    expect(outerLine.via).toBeUndefined();
    expect(innerLine).toMatchObject({ server: 'currenttime', object: 'now', via: 'hub', subject: AGENT });
    expect(auth.lines.join()).not.toContain(delegation);
  });
});

describe('The hub', () => {
  test('is open to those whom any rule lets use it, whatever the method and its object', async () => {
    const shown = await agent();
    for (const body of [toolCall('github__delete'), toolsList, { ...toolsList, method: 'resources/list' }])
      expect(codeOf(await ask(shown, body))).toBe('good');
    const stranger = bearer(await cognito.control.mint('access', agentClaims({ scope: 'clock' })));
    expect(codeOf(await ask(stranger))).toBe('not_permitted');
  });

  test('gets one assertion for all its addresses, which is for no server', async () => {
    const assertion = (await ask(await agent())).headers.get('x-mcp-assertion') ?? '';
    expect(decodeJwt(assertion).aud).toBe(`${publicUrl}/#hub`);
    expect(decodeJwt(assertion)).not.toHaveProperty('tool');
  });

  test('needs the relay for sessions and streams only: none of its lists is filtered', async () => {
    const shown = await agent();
    const relayed = async (body: object) => (await ask(shown, body)).headers.get('x-relay');
    expect([await relayed(toolsList), await relayed(toolCall('currenttime__now'))]).toEqual([null, null]);
    const ticket = await relayed({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    expect(decodeJwt(ticket ?? '')).toMatchObject({ server: 'hub', broker: 'hub', method: 'initialize' });
  });

  test('is not open under the name of a set that no rule names', async () => {
    expect(codeOf(await ask(await agent(), toolsList, atSet))).toBe('not_permitted');
  });

  test.each([
    ['/mcp', '/mcp'],
    ['/mcp/?a=b', '/mcp'],
    ['/sse', '/sse'],
    ['/messages?sessionId=a', '/sse'],
  ])('names itself in the challenge as its client has asked: %s', async (uri, named) => {
    const { headers } = await auth.validate({ ...atHub, 'X-Original-URI': uri });
    expect(headers.get('www-authenticate')).toContain(`${publicUrl}/.well-known/oauth-protected-resource${named}"`);
  });

  test('is no address of a token for a set, nor the other way', async () => {
    const { shown } = await (ways['an access token of the gateway'] as (typeof ways)[string])();
    expect(codeOf(await ask(shown, toolsList, atSet))).toBe('token_invalid');
  });
});

test('What one auth-server has made counts at another over the same database, also for a set', async () => {
  const where = await emptyDatabase();
  const withSet = policyText.replace('open: [{', 'open: [{ server: team, methods: [tools/list] }, {');
  const shape = { policyText: withSet, where };
  const [one, other] = [await startAuthServer(cognito.url, shape), await startAuthServer(cognito.url, shape)];
  try {
    const shown = await agent();
    for (const place of [atHub, atSet]) {
      const outer = await one.validate({ ...place, ...shown }, toolsList);
      const delegation = bearer(outer.headers.get('x-mcp-delegation') ?? '');
      const answer = await other.validate({ 'X-Resource': 'inner-mcp', ...delegation }, toolsList);
      expect([outer.status, codeOf(answer)]).toEqual([200, 'good']);
      expect(identityOf(answer)).toEqual(identityOf(outer));
    }
  } finally {
    await one.close();
    await other.close();
  }
});
