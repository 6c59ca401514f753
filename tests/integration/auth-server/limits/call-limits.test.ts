import { nearLimitsAnswer, ownLimitsAnswer } from '../../../../common/doors/limits.ts';
import {
  AGENT,
  agentClaims,
  denialOf,
  now,
  personClaims,
  sessionRecord,
  toolCall,
  toolsList,
} from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const policyText = `
group_mappings: { users: [users], support: [users, views], admins: [users] }
UI-Scopes: { views: { view_people: [all] } }
limits:
  - { who: [users], server: currenttime, tools: [now], calls: 3, per: hour }
  - { who: [bots], server: "*", tools: ["no*"], calls: 2, per: day }
  - { who: [support], server: currenttime, tools: [now], calls: 5, per: hour }
  - { who: [nowhere], tools: [zone], calls: 1, per: day }
  - { who: [waiting], tools: [held], calls: 2, per: day }
users:
  - { server: "*", methods: [tools/list, tools/call], tools: [now, zone] }
  - { server: currenttime, methods: [tools/call], tools: [{ name: held, approve: person }] }
  - { server: hub, methods: [tools/list] }
bots:
  - { server: currenttime, methods: [tools/call], tools: [now, noon] }
`;
const { auth, bearer } = await authServerWithPool({ policyText });
let people = 0;
const newPerson = (...groups: string[]) => ({ sub: `person-${++people}`, username: `person-${people}`, groups });
const cookieOf = async (person: ReturnType<typeof newPerson>) => ({ Cookie: await auth.session(person) });
/** The answers to some calls of one tool: `good`, or the code of the denial. */
const call = async (who: Record<string, string>, times: number, tool = 'now', place: Record<string, string> = {}) => {
  const codes: unknown[] = [];
  for (let i = 0; i < times; i++) {
    const answer = await auth.validate({ ...who, ...place }, toolCall(tool));
    codes.push(answer.status === 200 ? 'good' : denialOf(answer).code);
  }
  return codes;
};
const good = (count: number) => Array<string>(count).fill('good');
const reached = (count: number) => Array<string>(count).fill('limit_reached');

test('a person has the calls of their limit over all of their clients and sessions', async () => {
  const ann = newPerson('users');
  const [first, second] = [await cookieOf(ann), await cookieOf(ann)];
  const third = await bearer(personClaims({ sub: ann.sub, username: ann.username, 'cognito:groups': ['users'] }));
  expect(await call(first, 1)).toEqual(good(1));
  expect(await call(second, 1)).toEqual(good(1));
  expect(await call(third, 2)).toEqual([...good(1), ...reached(1)]);
  expect(await call(first, 2)).toEqual(reached(2));
  expect(await call(await cookieOf(newPerson('users')), 3)).toEqual(good(3));
});

test('the denial answers the request, and says when to go on, in its text, its data and a header', async () => {
  const who = await cookieOf(newPerson('users'));
  await call(who, 3);
  const answer = await auth.validate(who, toolCall('now', 'my-id'));
  expect(answer.status).toBe(403);
  expect(answer.headers.get('x-deny-status')).toBe('429');
  expect(answer.headers.get('x-deny-in-band')).toBe('1');
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(3_600);
  const { id, error } = JSON.parse(answer.headers.get('x-deny-body') ?? '');
  expect({ id, error }).toEqual({
    id: 'my-id',
    error: {
      code: -32009,
      message: expect.stringMatching(/^Limit reached: you may make 3 calls of this kind per hour.* Go on in \d+ s \(2/),
      data: { reason: 'limit_reached', retryAfterSeconds: seconds, until: expect.stringMatching(/:00:00Z$/) },
    },
  });
});

test.each<[string, object, number, string]>([
  ['another tool', toolCall('zone'), 5, 'good'],
  ['a list', toolsList, 5, 'good'],
  ['a ping', { jsonrpc: '2.0', id: 1, method: 'ping' }, 5, 'good'],
  ['a call that no rule allows', toolCall('forbidden'), 5, 'not_permitted'],
])('%s does not count', async (_what, body, times, outcome) => {
  const who = await cookieOf(newPerson('users'));
  for (let i = 0; i < times; i++) {
    const answer = await auth.validate(who, body);
    expect(answer.status === 200 ? 'good' : denialOf(answer).code).toBe(outcome);
  }
  expect(await call(who, 4)).toEqual([...good(3), ...reached(1)]);
});

test('a call that is refused after it was counted does not count: of a session that is not the caller’s', async () => {
  const who = await cookieOf(newPerson('users'));
  expect(await call(who, 5, 'now', { 'Mcp-Session-Id': 'of-another' })).toEqual(Array(5).fill('session_unknown'));
  expect(await call(who, 4)).toEqual([...good(3), ...reached(1)]);
});

test('a call that waits for approval does not count', async () => {
  expect(await call(await cookieOf(newPerson('users', 'waiting')), 5, 'held')).toEqual(
    Array(5).fill('approval_needed'),
  );
});

test('of several limits for the same calls the lowest holds, and they share one count', async () => {
  expect(await call(await cookieOf(newPerson('users', 'support')), 5)).toEqual([...good(3), ...reached(2)]);
  expect(await call(await cookieOf(newPerson('support')), 6)).toEqual([...good(5), ...reached(1)]);
});

test('a limit counts for a group that the policy names nowhere else', async () => {
  expect(await call(await cookieOf(newPerson('users', 'nowhere')), 2, 'zone')).toEqual([...good(1), ...reached(1)]);
});

test('a person without a limit may call without end', async () => {
  expect(await call(await cookieOf(newPerson('admins')), 12)).toEqual(good(12));
});

test('an agent has its own limit, over its tokens and all tools that one limit names', async () => {
  const bot = async () => await bearer(agentClaims({ sub: AGENT, client_id: AGENT, scope: 'bots' }));
  expect(await call(await bot(), 1, 'now')).toEqual(good(1));
  expect(await call(await bot(), 2, 'noon')).toEqual([...good(1), ...reached(1)]);
  expect(await call(await bot(), 1, 'now')).toEqual(reached(1));
});

test('what a broker asks for its caller counts for the caller; what they ask the broker does not', async () => {
  const ann = newPerson('users');
  const who = await cookieOf(ann);
  const atHub = { 'X-Resource': 'hub', 'X-Mcp-Server': 'hub', 'X-Original-URI': '/mcp' };
  const ask = async () => {
    const outer = await auth.validate({ ...who, ...atHub }, toolCall('currenttime__now'));
    expect(outer.status).toBe(200);
    const Authorization = `Bearer ${outer.headers.get('x-mcp-delegation')}`;
    const answer = await auth.validate({ 'X-Resource': 'inner-mcp', Authorization }, toolCall('now'));
    return answer.status === 200 ? 'good' : denialOf(answer).code;
  };
  const codes = [await ask(), await ask()];
  expect(codes).toEqual(good(2));
  expect(await call(who, 1)).toEqual(good(1));
  expect(await ask()).toBe('limit_reached');
});

test('a limit for a group that the policy names nowhere else counts through the hub too, also for a token of the provider', async () => {
  const claims = personClaims({
    sub: 'hub-person',
    username: 'hub-person',
    'cognito:groups': ['users', 'nowhere', 'other'],
  });
  const atHub = { 'X-Resource': 'hub', 'X-Mcp-Server': 'hub', 'X-Original-URI': '/mcp' };
  const ask = async () => {
    const outer = await auth.validate({ ...(await bearer(claims)), ...atHub }, toolCall('currenttime__zone'));
    const Authorization = `Bearer ${outer.headers.get('x-mcp-delegation')}`;
    const answer = await auth.validate({ 'X-Resource': 'inner-mcp', Authorization }, toolCall('zone'));
    return answer.status === 200 ? 'good' : denialOf(answer).code;
  };
  expect([await ask(), await ask()]).toEqual(['good', 'limit_reached']);
});

describe('the doors', () => {
  const door = async (path: string, person: ReturnType<typeof newPerson>, scopes: string[] = ['views']) => {
    const sid = `door-${++people}`;
    await auth.store.sessions.add(sessionRecord({ ...person, sid, expiresAt: now() + 3_600 }));
    const assertion = await auth.assertions.sign(
      {
        ...{ kind: 'person', subject: person.sub, username: person.username, clientId: undefined },
        ...{ groups: person.groups, scopes, authMethod: 'session_cookie', sessionId: sid, expiresAt: now() + 600 },
      },
      '#registry',
    );
    const answer = await fetch(`${auth.url}${path}`, { headers: { 'X-Mcp-Assertion': assertion } });
    return { status: answer.status, body: await answer.json() };
  };

  test('show a person their own limits and what they have used of each', async () => {
    const ann = newPerson('users', 'support');
    await call(await cookieOf(ann), 2);
    const { body } = await door('/account/limits', ann, []);
    expect(ownLimitsAnswer.parse(body).limits).toEqual([
      { server: 'currenttime', tools: ['now'], most: 3, seconds: 3_600, calls: 2, endsAt: expect.any(Number) },
      { server: 'currenttime', tools: ['now'], most: 5, seconds: 3_600, calls: 2, endsAt: expect.any(Number) },
    ]);
    expect((await door('/account/limits', newPerson('admins'), [])).body).toEqual({ limits: [] });
  });

  test('show those who may see people who has used half of a limit, the nearest first', async () => {
    const [near, full, far] = [newPerson('users'), newPerson('users'), newPerson('users')];
    await call(await cookieOf(near), 2);
    await call(await cookieOf(full), 9);
    await call(await cookieOf(far), 1);
    await auth.callLimits.share();
    const { near: rows, state } = nearLimitsAnswer.parse((await door('/people/limits', newPerson('support'))).body);
    const names = rows.map(({ name }) => name);
    expect(state).toBe('shared');
    expect(names).not.toContain(far.username);
    expect(names.indexOf(full.username)).toBeLessThan(names.indexOf(near.username));
    expect(rows.find(({ name }) => name === full.username)).toMatchObject({ calls: 3, most: 3, kind: 'person' });
  });

  test('are closed to others', async () => {
    expect((await door('/people/limits', newPerson('users'), ['users'])).status).toBe(403);
    expect((await fetch(`${auth.url}/account/limits`)).status).toBe(401);
  });
});

test('/health and the metrics say that the counts are shared', async () => {
  const health = await (await fetch(`${auth.url}/health`)).json();
  expect(health).toMatchObject({ limits: 'counted together' });
  const text = await auth.metrics.text();
  expect(text).toContain('mcp_gateway_limits_alone 0');
  expect(text).toMatch(/mcp_gateway_limit_counts [1-9]/);
  expect(text).toMatch(/mcp_gateway_decisions_total\{verdict="deny",reason="limit_reached",server="currenttime"\} \d/);
});
