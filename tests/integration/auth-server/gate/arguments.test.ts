import {
  AGENT,
  agentClaims,
  denialOf,
  gate,
  personClaims,
  toolsList,
} from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const policyText = `
group_mappings: { triage: [triage], free: [all] }
UI-Scopes: { triage: { list_service: [currenttime] } }
triage:
  - server: currenttime
    methods: [tools/list, tools/call]
    tools:
      - free
      - { name: issue, arguments: { repo: ["acme/*"], /options/force: { in: [false], optional: true } } }
      - { name: exact, arguments: { a: [1] }, only: true }
all: [{ server: currenttime, methods: [tools/call], tools: ["*"] }]
bots/triage: [{ server: currenttime, methods: [tools/call], tools: [{ name: issue, arguments: { repo: [bot] } }] }]
bots/all: [{ server: currenttime, methods: [tools/call], tools: ["*"] }]
`;
const { auth, bearer } = await authServerWithPool({ policyText });
beforeEach(() => void auth.lines.splice(0));

const call = (name: string, given: unknown) => ({
  ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
  params: { name, arguments: given },
});
const person = () => bearer(personClaims({ 'cognito:groups': ['triage'] }));
const ask = async (body: object, who?: Record<string, string>) =>
  auth.validate({ ...gate, ...(who ?? (await person())) }, body);

test('A call passes with the arguments that the rule allows, and the answer says that it passed because of them', async () => {
  const answer = async (body: object) => {
    const { status, headers } = await ask(body);
    return [status, headers.get('x-by-arguments')];
  };
  expect(await answer(call('issue', { repo: 'acme/web', options: { force: false } }))).toEqual([200, '1']);
  expect(await answer(call('issue', { repo: 'acme/web', title: 'any' }))).toEqual([200, '1']);
  expect(await answer(call('exact', { a: 1 }))).toEqual([200, '1']);
  expect(await answer(call('free', { repo: 'evil' }))).toEqual([200, null]);
  expect(await answer(toolsList)).toEqual([200, null]);
  expect(await answer({ jsonrpc: '2.0', id: 1, method: 'ping' })).toEqual([200, null]);
});

test.each<[string, string, unknown, string | undefined]>([
  ['another value', 'issue', { repo: 'evil/web-secret' }, 'repo'],
  ['a nested one', 'issue', { repo: 'acme/web', options: { force: true } }, '/options/force'],
  ['a second spelling', 'issue', { repo: 'acme/web', Repo: 'evil/web-secret' }, 'repo'],
  ['none', 'issue', undefined, 'repo'],
  ['no object', 'issue', ['secret'], 'repo'],
  ['one more than is named', 'exact', { a: 1, more: 'secret' }, 'more'],
  ['one more with a strange name', 'exact', { a: 1, 'secret key': 1 }, '(another)'],
])(
  'A call with %s is refused by the name of the argument, and no value is told, logged or kept',
  async (_what, tool, given, name) => {
    const answer = await ask(call(tool, given));
    const { status, code, body } = denialOf(answer);
    expect([status, code, body.error.data]).toEqual([
      403,
      'not_permitted',
      { reason: 'not_permitted', argument: name },
    ]);
    expect(body.error.message).toBe(
      `Not allowed: tools/call ${tool} on currenttime with this argument: ${name}. A rule lets you call this tool, but with other arguments only. You hold triage. The group free would allow it. Ask an administrator, who can add you in Cognito. Or ask for it here: http://localhost:8080/requests/new?server=currenttime&tool=${tool}`,
    );
    const [line = ''] = auth.lines;
    expect(JSON.parse(line)).toMatchObject({ verdict: 'deny', reason: 'not_permitted', object: tool, argument: name });
    expect(`${JSON.stringify([...answer.headers])}${auth.lines.join()}`).not.toContain('secret');
  },
);

test('A tool that no rule names is refused as before, without an argument', async () => {
  const { code, body } = denialOf(await ask(call('wipe', { repo: 'acme/web' })));
  expect([code, body.error.data]).toEqual(['not_permitted', { reason: 'not_permitted' }]);
  expect(body.error.message).toContain('(object_not_allowed)');
});

test('An agent learns which scope would allow these arguments', async () => {
  const agent = await bearer({ ...agentClaims({ scope: 'bots/triage' }), client_id: AGENT });
  const answer = await ask(call('issue', { repo: 'acme/web' }), agent);
  expect(denialOf(answer).body.error.data).toEqual({ reason: 'not_permitted', argument: 'repo' });
  expect(answer.headers.get('www-authenticate')).toContain('scope="bots/triage bots/all"');
  expect((await ask(call('issue', { repo: 'bot' }), agent)).status).toBe(200);
});
