import { type AllowedRequest, ownerOf, relayTicket } from '../../../../auth-server/gate/relay-ticket.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import { revocationKeysOf } from '../../../../auth-server/store/revocation-feed.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';

const policy = parsePolicy(`
group_mappings: {}
all: [{ server: "*", methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"] }]
caller: [{ server: "*", methods: [tools/call], tools: [get_*] }]
tools: [{ server: "*", methods: [tools/list, tools/call], tools: ["*"] }]
some: [{ server: "*", methods: ["*"], tools: [get_*], prompts: [hello], resources: ["file:///d/*"] }]
`);
const principal = (change: Partial<Principal> = {}): Principal => ({
  ...{ kind: 'person', subject: 'bob', username: 'Bob', clientId: 'web', groups: [], scopes: ['some'] },
  ...{ authMethod: 'session_cookie', sessionId: 'sid', expiresAt: 2_000_000_000 },
  ...change,
});
const request = (method: string, change: Partial<AllowedRequest> = {}, more: object = {}): AllowedRequest => ({
  ...{ principal: principal(), server: 'one', endpoint: 'mcp', target: undefined },
  asked: { method, accesses: [{ method }], ...more },
  ...change,
});
const direct = [
  ...['tools/call', 'prompts/get', 'completion/complete', 'ping', '(response)'],
  ...['notifications/initialized', 'tasks/get', 'tasks/result', 'tasks/cancel'],
];
const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'];
/** Clients cache the results. */
const extension = ['skills/list', 'skills/get', 'resources/directory/read', 'com.example/forecast'];
const cached = [...lists, 'resources/read', 'server/discover', ...extension];

describe('the relay sees', () => {
  test.each(['initialize', '(stream)', '(end)', 'subscriptions/listen', 'tasks/list', ...cached])('%s', (method) => {
    expect(relayTicket(policy, request(method))).toMatchObject({ server: 'one', method, owner: 'person:bob' });
  });

  test.each([
    'tools/call',
    'tools/list',
    'ping',
    '(response)',
    'notifications/initialized',
    'resources/read',
    'tasks/get',
  ])('%s of the 2024-11-05 transport', (method) => {
    const target = '/m?s=1';
    expect(relayTicket(policy, request(method, { endpoint: 'messages', target }))).toMatchObject({ method, target });
    expect(relayTicket(policy, request(method, { endpoint: 'sse' }))).toMatchObject({ method });
  });

  test.each(direct)('%s of a caller for whom some list of the server is filtered', (method) => {
    expect(relayTicket(policy, request(method))).toMatchObject({ method });
  });

  test('everything of a caller who may list tools that are not approved', () => {
    const everything = {
      principal: principal({ scopes: ['all'] }),
      tools: { approved: new Map(), readOnly: new Map() },
    };
    expect(relayTicket(policy, request('ping', everything))).toMatchObject({ method: 'ping' });
  });

  test.each(cached)('%s of a caller for whom nothing is filtered, because clients cache its result', (method) => {
    const all = { principal: principal({ scopes: ['all'] }) };
    expect(relayTicket(policy, request(method, all))).toMatchObject({ method });
  });

  test('a call whose answer may be a task', () => {
    const all = { principal: principal({ scopes: ['all'] }) };
    expect(relayTicket(policy, request('tools/call', all, { mayCreateTask: true }))).toMatchObject({
      method: 'tools/call',
    });
  });
});

describe('nginx sends directly to the server', () => {
  test.each([
    ['may use everything that a list can contain', 'all'],
    ['may ask for no list', 'caller'],
    ['may use everything in each list that they may ask for', 'tools'],
  ])('every request of a caller who %s', (_who, scope) => {
    for (const method of direct) {
      const ticket = relayTicket(policy, request(method, { principal: principal({ scopes: [scope] }) }));
      expect([method, ticket]).toEqual([method, undefined]);
    }
  });

  test('a prompt that asks for a task, because prompts have no tasks', () => {
    const all = { principal: principal({ scopes: ['all'] }) };
    expect(relayTicket(policy, request('prompts/get', all, { mayCreateTask: true }))).toBeUndefined();
  });

  test('no longer, after the policy or the approved tools have changed, or for another server', () => {
    const caller = principal({ scopes: ['all'] });
    const goes = (now: typeof policy, change: Partial<AllowedRequest> = {}) =>
      relayTicket(now, request('ping', { principal: caller, ...change })) === undefined;
    const narrower = parsePolicy(`
group_mappings: {}
all: [{ server: one, methods: ["*"], tools: [a] }, { server: two, methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"] }]
`);
    const tools = { approved: new Map(), readOnly: new Map() };
    expect([goes(policy), goes(narrower), goes(narrower, { server: 'two' }), goes(policy)]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect([goes(policy, { tools }), goes(policy), goes(policy, { tools })]).toEqual([false, true, false]);
  });
});

describe('a ticket', () => {
  const listening = (uris: readonly string[]) =>
    relayTicket(
      policy,
      request('subscriptions/listen', {
        asked: {
          method: 'subscriptions/listen',
          accesses: [
            { method: 'subscriptions/listen' },
            ...uris.map((name) => ({ method: 'subscriptions/listen', object: { kind: 'resource' as const, name } })),
          ],
        },
      }),
    );

  test('names the subscribed resources, unless they are too long for a header', () => {
    expect(listening(['file:///d/a', 'file:///d/b'])?.uris).toEqual(['file:///d/a', 'file:///d/b']);
    expect(listening([])?.uris).toEqual([]);
    expect(listening(['x'.repeat(4_096)])?.uris).toHaveLength(1);
    expect(listening(['x'.repeat(4_097)])).not.toHaveProperty('uris');
    expect(relayTicket(policy, request('initialize'))).not.toHaveProperty('uris');
  });

  const fresh = principal({ expiresAt: 5_000, groupsValidUntil: 1_900 });
  const token = principal({ authMethod: 'jwt', sessionId: undefined, expiresAt: 1_999 });
  test.each<[string, string, Principal, number]>([
    ['(stream)', 'the age of the groups', fresh, 1_900],
    ['subscriptions/listen', 'the age of the groups', fresh, 1_900],
    ['(stream)', 'the token', token, 1_999],
    ['tools/call', 'the record, whatever the age of the groups', fresh, 5_000],
    ['initialize', 'the record, whatever the age of the groups', fresh, 5_000],
    ['tools/call', 'a day after the token of the provider', token, 1_999 + 86_400],
  ])('for %s ends with %s', (method, _with, caller, ends) => {
    expect(relayTicket(policy, request(method, { principal: caller }))).toMatchObject({ ends });
  });

  test('for a stream expires with the credential, and names every key under which the credential can be revoked earlier', () => {
    const agent = principal({ kind: 'agent', subject: 'cli', clientId: 'cli', sessionId: undefined, expiresAt: 1_999 });
    expect(relayTicket(policy, request('(stream)', { principal: agent }))).toMatchObject({
      ...{ owner: 'agent:cli', kind: 'agent', ends: 1_999 },
      marks: revocationKeysOf(agent),
    });
    expect(relayTicket(policy, request('initialize'))?.marks).toEqual(revocationKeysOf(principal()));
  });

  test('names the same owner for a person with a token or a session, and never the owner of an agent', () => {
    const byToken = principal({ authMethod: 'jwt', sessionId: undefined, clientId: 'cli' });
    expect(ownerOf(byToken)).toBe(ownerOf(principal()));
    expect(ownerOf(principal({ kind: 'agent' }))).not.toBe(ownerOf(principal()));
  });
});
