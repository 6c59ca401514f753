import { meanings } from '../../../../../auth-server/denials/codes.ts';
import type { Decision } from '../../../../../common/doors/decisions.ts';
import { isEvent, reasonWords, viaWords, whatHappened, whoAsked } from '../../../../../registry/pages/audit/words.ts';

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

test.each<[string, Partial<Decision>]>([
  [
    'connected the account alice@example.com at',
    { method: 'accounts/connect', object: 'alice@example.com', server: 'notes' },
  ],
  ['disconnected the account at', { method: 'accounts/disconnect', server: 'notes' }],
  [
    'ended everything of Bob (bob)',
    { method: 'access/end', about: 's-2', about_name: 'Bob (bob)', detail: 'everything of Bob (bob)' },
  ],
  ['changed the policy: version 2, by page: w', { method: 'policy/change', detail: 'version 2, by page: w' }],
  ['proposed a change of the policy: proposal 1', { method: 'policy/propose', detail: 'proposal 1' }],
  [
    'confirmed a change of the policy by ada: version 3',
    { method: 'policy/confirm', about: 's-1', about_name: 'ada', detail: 'version 3' },
  ],
  ['could not confirm a change of the policy: proposal 1', { method: 'policy/refuse', detail: 'proposal 1' }],
  [
    'withdrew a change of the policy by ada: proposal 1',
    { method: 'policy/withdraw', about: 's-1', about_name: 'ada', detail: 'proposal 1' },
  ],
  ['dismissed the change of the policy file', { method: 'policy/dismiss', detail: 'the policy file' }],
  ['read the audit: person=bob', { method: 'audit/read', detail: 'person=bob' }],
  ['exported 1,204 decisions: csv: all', { method: 'audit/export', detail: 'csv: all', count: 1204 }],
  ['began to export decisions: csv: all', { method: 'audit/export', detail: 'csv: all' }],
  ['erased 40 records of a person', { method: 'audit/erase', detail: 'records of a person', count: 40 }],
  ['17 records lost: more came than could be written. The log has them', { method: 'audit/lost', count: 17 }],
  ['something/new', { method: 'something/new' }],
])('The audit says of an event: %s', (words, fields) => {
  const event: Decision = { ...decision, ...fields };
  expect([isEvent(event), whatHappened(event)]).toEqual([true, words]);
});

test.each([
  [undefined, ''],
  ['hub', 'through the hub'],
  ['mcpgw', 'through the tools of the gateway (mcpgw)'],
  ['daily', 'through the set daily'],
])('A call via %s came %s', (via, words) => {
  expect(viaWords(via)).toBe(words);
});
