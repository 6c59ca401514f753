import * as fc from 'fast-check';
import { accountKey, canHaveAccounts } from '../../../../auth-server/accounts/account-key.ts';

test('No two owners have the same key, whatever their parts hold', () => {
  const owner = fc.record({ subject: fc.string(), account: fc.string(), server: fc.string() });
  fc.assert(
    fc.property(owner, owner, (one, other) => {
      const same = one.subject === other.subject && one.account === other.account && one.server === other.server;
      return (accountKey(one) === accountKey(other)) === same;
    }),
  );
  const [subject, account, server] = ['a', 'b', 'c'];
  expect(accountKey({ subject, account, server })).not.toBe(accountKey({ subject: 'a.b', account: '', server }));
});

test.each([
  ['a person', { kind: 'person', subject: 'sub', authMethod: 'jwt' }, true],
  ['a person of the second provider', { kind: 'person', subject: 'oidc|sub', authMethod: 'session_cookie' }, true],
  ['an agent', { kind: 'agent', subject: 'client', authMethod: 'jwt' }, false],
  ['a locally signed session', { kind: 'person', subject: 'local|sub', authMethod: 'session_cookie' }, false],
  ['a visitor', { kind: 'person', subject: 'public', authMethod: 'public' }, false],
] as const)('Whether %s can have accounts', (_who, principal, expected) => {
  expect(canHaveAccounts(principal)).toBe(expected);
});
