import { principalOfToken } from '../../../auth-server/identity/principal.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { callerOfClaims, UnusableClaims } from '../../../policy/caller.ts';

const policy = parsePolicy(`
group_mappings: {staff: [read, write], guests: [read]}
UI-Scopes: {look: {list_service: [all]}}
read: [{server: a, methods: [tools/list]}]
write: [{server: a, methods: [tools/call], tools: ["*"]}]
`);
const base = { token_use: 'access', sub: 'one', client_id: 'one' };

test.each<[string, Record<string, unknown>]>([
  ['an agent', { ...base, scope: 'read look openid' }],
  ['an agent without scopes', base],
  ['an agent that claims groups', { ...base, 'cognito:groups': ['staff'], scope: 'read' }],
  ['a person', { ...base, sub: 'u', username: 'ann', 'cognito:groups': ['guests', 'finance'], scope: 'write' }],
  ['a person whose sub is the client', { ...base, username: 'ann', scope: 'write' }],
  ['a person without username', { ...base, sub: 'u', 'cognito:groups': ['staff'], scope: 'look' }],
])('the token of %s is read as the gateway reads it', (_, claims) => {
  const { kind, groups, scopes } = callerOfClaims(policy, claims);
  const principal = principalOfToken(policy, {
    sub: String(claims.sub),
    client_id: String(claims.client_id),
    username: claims.username as string | undefined,
    groups: (claims['cognito:groups'] ?? []) as string[],
    scopes: typeof claims.scope === 'string' ? claims.scope.split(' ') : [],
    exp: 0,
    iat: 0,
  });
  expect({ kind, groups, scopes }).toEqual({
    kind: principal.kind,
    groups: principal.groups,
    scopes: principal.scopes,
  });
});

test('claimed groups and scopes that the policy does not define are reported', () => {
  expect(callerOfClaims(policy, { ...base, scope: 'read openid' }).unknown).toEqual(['openid']);
  expect(callerOfClaims(policy, { ...base, sub: 'u', 'cognito:groups': ['x', 'staff'] }).unknown).toEqual(['x']);
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['an ID token', { ...base, token_use: 'id' }, /ID token/],
  ['a token that is not an access token of Cognito', { ...base, token_use: undefined }, /no access token/],
  ['a token without client_id', { ...base, client_id: undefined }, /names no caller/],
  ['a token without sub', { ...base, sub: 7 }, /names no caller/],
  ['a token with groups that are not a list', { ...base, 'cognito:groups': 'staff' }, /cognito:groups/],
  ['a token with groups that are not names', { ...base, 'cognito:groups': [1] }, /cognito:groups/],
])('%s is rejected, and the message says why', (_, claims, message) => {
  expect(() => callerOfClaims(policy, claims)).toThrow(UnusableClaims);
  expect(() => callerOfClaims(policy, claims)).toThrow(message);
});

describe('the caller that claims describe', () => {
  // Expectations are written out, because the gateway reads claims with the same functions.
  test.each<[string, Record<string, unknown>, object]>([
    [
      'an agent: its scopes are those of the token that the policy defines, including UI-Scopes',
      { ...base, scope: 'read  look openid', 'cognito:groups': ['staff'] },
      { kind: 'agent', groups: [], scopes: ['read', 'look'], unknown: ['openid'] },
    ],
    ['an agent without a scope claim: it holds nothing', base, { kind: 'agent', groups: [], scopes: [], unknown: [] }],
    [
      'a person: the scopes are those of the groups, not those of the token',
      { ...base, sub: 'u', username: 'ann', 'cognito:groups': ['finance', 'staff'], scope: 'look' },
      { kind: 'person', groups: ['staff'], scopes: ['read', 'write'], unknown: ['finance'] },
    ],
    [
      'a person, because there is a username, although the sub is the app client',
      { ...base, username: 'ann', scope: 'write' },
      { kind: 'person', groups: [], scopes: [], unknown: [] },
    ],
    [
      'a person, because the sub is not the app client, although there is no username',
      { ...base, sub: 'u', scope: 'write' },
      { kind: 'person', groups: [], scopes: [], unknown: [] },
    ],
  ])('is %s', (_, claims, caller) => {
    expect(callerOfClaims(policy, claims)).toEqual(caller);
  });
});
