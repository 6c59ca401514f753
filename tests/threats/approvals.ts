import { row } from '../support/rows/row.ts';

/** What callers and others could do with calls that a person has to approve. */
export const approvals = [
  row('approval-forged', 'no header, parameter or invented round makes a call pass that no one has approved', {
    'integration/auth-server/gate/approvals': [
      'goes on with one approval as often as its server asks something, and only then',
    ],
    'integration/relay/rounds': ['A server’s question lets the approved call go on, with the state that it gave'],
    attack: [
      'the call with headers that say it is approved',
      'the call with an answer to a question for approval',
      'the call as the next round of an approved one',
      'the call with an approval among its parameters',
      'a report that a server lets an approved call go on',
    ],
  }),
  row(
    'approval-replayed',
    'an approval is good once, also when two processes see the call at the same time, and after a crash or a restore',
    {
      'integration/auth-server/holds/holds': [
        'pass once after an approval, at any auth-server, and wait before and after it',
        'pass once, whatever two processes do at the same time',
        'survive a kill -9 of the auth-server that %s',
      ],
      'integration/auth-server/holds/state': [
        'An approval that was used since a copy of the files was made is not good again after its restore',
      ],
      'integration/auth-server/approvals/approvals': [
        'A callback that comes twice, or in another browser, approves nothing more',
      ],
      'e2e/approvals': [
        'A client that opens no pages shows the link; the same call passes after the approval, and once',
      ],
    },
  ),
  row('approval-other-call', 'an approval serves no other call than the one that was shown', {
    'unit/auth-server/holds/canonical-call': ['by an integer that a double cannot hold', 'by an own key __proto__'],
    'integration/auth-server/holds/holds': [
      'are not passed by the approval of a call with %s',
      'show no arguments that belong to another call, or that another SECRET_KEY has sealed',
    ],
    'integration/auth-server/approvals/approvals': [
      'Hidden characters are spelled out, and nothing of the arguments acts on the page',
    ],
  }),
  row(
    'approval-foreign',
    'only a person whom the policy names approves, in a page of the gateway, and never the call of their own group for themselves',
    {
      'integration/auth-server/holds/holds': [
        'are approved by no member of the group whose own call it is',
        'do not pass when the policy names others by then, and keep to it after another change',
        'do not pass when the approver %s meanwhile',
      ],
      'integration/auth-server/approvals/approvals': [
        'An operator approves the call of another, and never their own',
        'Opening pages approves nothing, prefetching does not even show them, and another site cannot press the button',
        'Only the caller and those who may approve see a call; others get the page of one that never was',
        'The sign-in counts for the person who pressed the button only, and while their session stands',
      ],
      attack: [
        'an approval by a form of another site',
        'an approval of a call that is not the person’s to approve, or was never made',
        'an approval by a person without any permission',
        'an approval by an agent',
        'an approval by a link alone',
        'an approval that the browser loads in advance',
        'an approval by other spellings of its address',
        'a login for an approval that was not begun here',
      ],
    },
  ),
];
