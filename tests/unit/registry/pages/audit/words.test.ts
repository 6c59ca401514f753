import { meanings } from '../../../../../auth-server/denials/codes.ts';
import type { Decision } from '../../../../../common/policy/decisions.ts';
import { reasonWords, whoAsked } from '../../../../../registry/pages/audit/words.ts';

test('Each reason of a refusal has words for the audit, and no other has', () => {
  expect(Object.keys(reasonWords).sort()).toEqual(Object.keys(meanings).sort());
});

const decision: Decision = { id: 'a-1-1', at: '2026-11-23T09:00:00Z', verdict: 'allow', policy: '1', microseconds: 1 };

test.each([
  ['a person by the user name', { username: 'bob', auth_method: 'session_cookie' }, 'bob', undefined],
  ['a person by the name that they know', { username: 'f00-1', shown_name: 'Bob' }, 'Bob', 'f00-1'],
  ['a person by a token', { username: 'bob', client_id: 'app1', auth_method: 'jwt' }, 'bob', undefined],
  ['an agent', { username: 'app1', subject: 'app1', client_id: 'app1', auth_method: 'jwt' }, 'Agent', 'app1'],
  ['a caller without a credential', {}, 'Not signed in', undefined],
  ['a visitor of a public registry', { auth_method: 'public' }, 'A visitor', undefined],
])('The audit names %s', (_who, fields, name, more) => {
  expect(whoAsked({ ...decision, ...fields })).toEqual({ name, more });
});
