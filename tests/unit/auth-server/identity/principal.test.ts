import type { TokenClaims } from '../../../../auth-server/cognito/cognito-token.ts';
import { personOfGrant, personOfSession, principalOfToken } from '../../../../auth-server/identity/principal.ts';
import { compilePolicy } from '../../../../policy/policy.ts';
import { sessionRecord } from '../../../support/auth-server/auth-fixture.ts';

const policy = compilePolicy({
  limits: [],
  groups: new Map([
    ['readers', ['read']],
    ['writers', ['read', 'write']],
  ]),
  scopes: new Map([
    ['read', []],
    ['write', []],
  ]),
  ui: new Map(),
});
const token: TokenClaims = {
  sub: 'sub-1',
  client_id: 'app',
  username: 'alice',
  groups: ['writers', 'unknown'],
  scopes: ['write', 'openid'],
  iat: 1,
  exp: 1000,
};

describe('the caller behind a token', () => {
  test('is a person with a name and groups, whose scopes come from the groups alone', () => {
    expect(principalOfToken(policy, { ...token, groups: ['readers', 'unknown'] })).toEqual({
      kind: 'person',
      subject: 'sub-1',
      username: 'alice',
      clientId: 'app',
      groups: ['readers'],
      scopes: ['read'],
      unknown: ['unknown'],
      authMethod: 'jwt',
      sessionId: undefined,
      expiresAt: 1000,
      shown: { by: 'token of the provider', since: 1 },
    });
  });

  test('is an agent when the subject is the app client: its scopes are those of the token that the policy knows', () => {
    expect(principalOfToken(policy, { ...token, sub: 'app', username: undefined })).toEqual({
      kind: 'agent',
      subject: 'app',
      username: 'app',
      clientId: 'app',
      groups: [],
      scopes: ['write'],
      unknown: ['openid'],
      authMethod: 'jwt',
      sessionId: undefined,
      expiresAt: 1000,
      shown: { by: 'token of the provider', since: 1 },
    });
  });

  test.each([
    ['no username and another subject than the app client', { username: undefined }, 'sub-1'],
    ['the id of the app client as subject and a username', { sub: 'app' }, 'alice'],
  ])('is a person when the token has %s', (_what, change, username) => {
    expect(principalOfToken(policy, { ...token, ...change })).toMatchObject({
      kind: 'person',
      username,
      groups: ['writers'],
      scopes: ['read', 'write'],
    });
  });
});

describe('the person behind a session', () => {
  const groups = ['readers', 'unknown'];
  const record = sessionRecord({ sid: 's-1', sub: 'sub-1', username: 'alice', groups, expiresAt: 2000 });
  const claims = { sid: 's-1', sub: 'sub-1', username: 'old name', exp: 1000 };

  test('has the names of the session record, and its groups that the policy knows', () => {
    expect(personOfSession(policy, claims, record)).toEqual({
      kind: 'person',
      subject: 'sub-1',
      username: 'alice',
      clientId: undefined,
      groups: ['readers'],
      scopes: ['read'],
      unknown: ['unknown'],
      authMethod: 'session_cookie',
      sessionId: 's-1',
      expiresAt: 1000,
      shown: { by: 'cookie', since: record.createdAt },
    });
  });

  test('is shown by the name in the record, or by that in the cookie where an older release has made the record', () => {
    const shownBy = (inRecord: string | undefined) =>
      personOfSession(policy, { ...claims, shown_name: 'Al' }, { ...record, shownName: inRecord }).shownName;
    expect([shownBy('Alice'), shownBy(undefined)]).toEqual(['Alice', 'Al']);
  });

  test('keeps access through a client until its record ends', () => {
    const grant = { ...record, kind: 'client', oauthClient: 'digest' } as const;
    expect(personOfGrant(policy, grant)).toMatchObject({
      ...{ subject: 'sub-1', username: 'alice', groups: ['readers'], scopes: ['read'] },
      ...{ clientId: 'digest', authMethod: 'jwt', sessionId: 's-1', expiresAt: 2000 },
    });
  });
});
