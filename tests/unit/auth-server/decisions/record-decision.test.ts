import { hash } from 'node:crypto';
import { Writable } from 'node:stream';
import { isEvent, type KnownCaller } from '../../../../auth-server/audit/record.ts';
import { readRecord, toDecision } from '../../../../auth-server/audit/stored-record.ts';
import { createDecisionLog, type DecisionEntry } from '../../../../auth-server/decisions/decision-log.ts';
import { createDecisionRecorder } from '../../../../auth-server/decisions/record-decision.ts';
import { AuthError } from '../../../../auth-server/denials/auth-error.ts';
import {
  type Principal,
  personOfGrant,
  personOfSession,
  principalOfToken,
} from '../../../../auth-server/identity/principal.ts';
import type { OriginalRequest } from '../../../../auth-server/request/original-request.ts';
import { createLog } from '../../../../common/service/log.ts';
import { compilePolicy } from '../../../../policy/policy.ts';
import type { Access } from '../../../../policy/request/mcp-request.ts';
import { sessionRecord } from '../../../support/auth-server/auth-fixture.ts';

const policy = compilePolicy({
  limits: [],
  groups: new Map([['readers', ['read']]]),
  scopes: new Map([['read', []]]),
  ui: new Map(),
});
const many = Array.from({ length: 600 }, (_, i) => `g${i}`);
const token = {
  sub: 'sub-1',
  client_id: 'app',
  username: 'alice',
  groups: ['new', 'readers'],
  scopes: [],
  iat: 1,
  exp: 9,
};
const alice = principalOfToken(policy, token);

const log = createLog('auth-server', 'info', new Writable({ write: (_chunk, _encoding, done) => done() }));
const writeLine = createDecisionLog(log);
const definitions = new Map([['weather forecast', 'h'.repeat(64)]]);

type Differs = Partial<Omit<DecisionEntry, 'principal'>> & { principal?: Principal | undefined };

/** What the recorder hands on for these entries. */
function recorded(...entries: Differs[]) {
  const records: string[] = [];
  const callers: (KnownCaller | undefined)[] = [];
  const recorder = createDecisionRecorder(
    {
      add(record, caller) {
        records.push(record);
        callers.push(caller);
      },
    },
    { find: (server, tool) => definitions.get(`${server} ${tool}`) },
  );
  for (const differs of entries) {
    const entry = { started: 0, policy: 'v1', request, principal: alice, ...differs } as DecisionEntry;
    recorder.add(writeLine(entry, 0.5), entry);
  }
  return { records: records.map(readRecord), callers };
}

const request = {
  target: { resource: 'mcp', server: 'weather', endpoint: 'mcp', routed: true },
  isInner: false,
  method: 'POST',
  uri: '/weather/mcp?x=1',
  address: '192.0.2.7',
  requestId: 'r-1',
} as OriginalRequest;
const asks = (method: string, ...objects: NonNullable<Access['object']>[]) => {
  const [first = { method }, ...others] = objects.map((object) => ({ method, object }));
  return { asked: { method, accesses: [first, ...others] as const } } satisfies Partial<DecisionEntry>;
};
const tool = (name: string) => asks('tools/call', { kind: 'tool', name });

test('A record has the fields of the log line, its time, the address, the definition of the tool and the caller', () => {
  const [record] = recorded({ ...tool('forecast'), rule: 'read[0]' }).records;
  expect(record).toEqual({
    at: expect.any(Number),
    ...{
      verdict: 'allow',
      request_id: 'r-1',
      subject: 'sub-1',
      username: 'alice',
      client_id: 'app',
      auth_method: 'jwt',
    },
    ...{ address: '192.0.2.7', resource: 'mcp', server: 'weather', http: 'POST /weather/mcp', method: 'tools/call' },
    ...{ object: 'forecast', rule: 'read[0]', policy: 'v1', microseconds: 500 },
    ...{ definition: 'h'.repeat(64), caller: expect.stringMatching(/^[\w-]{43}$/) },
  });
  expect(record && isEvent(record)).toBe(false);
});

test('A refusal is recorded with its message, and without a caller if none was identified', () => {
  const error = new AuthError('token_invalid', 'The token "x" is not accepted.');
  const { records } = recorded({ error, principal: undefined });
  expect(records[0]).toMatchObject({ reason: 'token_invalid', status: 401, message: error.message });
  expect(records[0]?.caller).toBeUndefined();
});

test('A record holds an object whole up to 2,000 characters, and else says what the whole was by its digest', () => {
  const objects = ['y'.repeat(2_000), 'y'.repeat(2_001), 'a\u202eb', 'x\u0000"}'];
  const { records } = recorded(...objects.map((name) => asks('resources/read', { kind: 'resource', name })));
  const digest = (text: string | undefined) => hash('sha256', text ?? '', 'base64url');
  expect(records.map(({ object, object_digest }) => [object, object_digest])).toEqual([
    [objects[0], undefined],
    ['y'.repeat(2_000), digest(objects[1])],
    ['a%E2%80%AEb', digest(objects[2])],
    [objects[3], undefined],
  ]);
});

test('A record says how many objects a request names, if there are several', () => {
  const uris = ['a:1', 'a:2', 'a:3'].map((name) => ({ kind: 'resource' as const, name }));
  const { records } = recorded(asks('subscriptions/listen', ...uris), tool('forecast'), asks('ping'));
  expect(records.map(({ object, objects }) => [object, objects])).toEqual([
    ['a:1', 3],
    ['forecast', undefined],
    [undefined, undefined],
  ]);
});

test('A page view of the registry is recorded only if it was refused', () => {
  const view = {
    request: { ...request, target: { resource: 'registry' }, method: 'GET', uri: '/' } as OriginalRequest,
  };
  const refused = { ...view, error: new AuthError('credentials_missing', 'Log in.') };
  expect(recorded(view).records).toEqual([]);
  expect(recorded(refused).records).toMatchObject([{ reason: 'credentials_missing', resource: 'registry' }]);
});

test('The address of a call through the hub is that of its caller, and the record says who has called for them', () => {
  const inner = { ...request, isInner: true, address: '172.16.0.9' };
  const delegated = { via: 'hub', asks: { methods: [] }, address: '192.0.2.7' };
  const { records } = recorded({ request: inner, principal: { ...alice, delegated } }, { request: inner });
  expect(records.map(({ address, via }) => [address, via])).toEqual([
    ['192.0.2.7', 'hub'],
    [undefined, undefined],
  ]);
});

describe('the caller of a record', () => {
  const session = sessionRecord({ sid: 's', sub: 'sub-2', groups: many });
  const client = { kind: 'client', oauthClient: 'digest', oauthClientName: 'Claude Code' } as const;
  const rightsOf = (principal: Principal) => {
    const { records, callers } = recorded({ principal });
    const [record] = records;
    const [caller] = callers;
    if (!record || !caller) throw new Error('nothing was recorded');
    expect(hash('sha256', caller.text, 'base64url')).toBe(record.caller);
    const { groups, scopes } = toDecision(record, { writer: 1, number: 1 }, caller.text);
    return { groups, scopes };
  };

  test('has all groups that were named, at most 500, those of the policy first; the decision uses only these', () => {
    expect(alice.groups).toEqual(['readers']);
    expect(rightsOf({ ...alice })).toEqual({ groups: ['readers', 'new'], scopes: ['read'] });
    const person = personOfSession(policy, { exp: 9, shown_name: undefined }, session);
    expect(rightsOf(person)).toEqual({ groups: many.slice(0, 500), scopes: [] });
  });

  test('has all scopes of the token, if it is an agent', () => {
    const agent = principalOfToken(policy, { ...token, sub: 'app', username: undefined, scopes: ['later', 'read'] });
    expect(rightsOf(agent)).toEqual({ groups: [], scopes: ['read', 'later'] });
  });

  test('is handed on once for each principal, and is the same for another token of the same person', () => {
    const again = principalOfToken(policy, { ...token, iat: 2 });
    const other = principalOfToken(policy, { ...token, sub: 'sub-3' });
    const fresh = { ...again };
    const { records, callers } = recorded(...[fresh, fresh, again, other].map((principal) => ({ principal })));
    const [first, second, third, fourth] = records.map(({ caller }) => caller);
    expect([second, third]).toEqual([first, first]);
    expect(fourth).not.toBe(first);
    expect(callers.map((caller) => caller?.digest)).toEqual([first, undefined, first, fourth]);
  });

  test('is named with the OAuth client of the session record', () => {
    const byClient = personOfGrant(policy, { ...session, ...client });
    const byCommandLine = personOfSession(
      policy,
      { exp: 9, shown_name: undefined },
      { ...session, ...client, kind: 'browser' },
    );
    const { records } = recorded({ principal: byClient }, { principal: byCommandLine });
    const named = { client_id: 'digest', client_name: 'Claude Code' };
    expect(records).toMatchObject([named, named]);
  });
});
