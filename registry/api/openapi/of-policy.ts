import { versionsQuery } from '../../../common/doors/versions.ts';
import { routes } from './operation.ts';

const editing = {
  permission: 'edit_policy',
  refusals: ['not_permitted', 'session_required', 'policy_unavailable'],
} as const;
const sending = {
  permission: editing.permission,
  refusals: [...editing.refusals, 'input_invalid', 'content_type_unsupported'],
} as const;
const changing = { ...sending, refusals: [...sending.refusals, 'policy_fixed', 'policy_conflict'] } as const;

export const policy = routes('policy', {
  'get /api/policy': { summary: 'The policy in force, and the changes that wait', answer: 'Policy', ...editing },
  'get /api/policy/versions': {
    summary: 'Its history, the newest version first',
    query: versionsQuery,
    answer: 'PolicyVersions',
    permission: editing.permission,
    refusals: [...editing.refusals, 'input_invalid'],
  },
  'get /api/policy/versions/{number}': {
    summary: 'A version with its text, and what it changed',
    answer: 'PolicyVersion',
    permission: editing.permission,
    refusals: [...editing.refusals, 'not_found'],
  },
  'post /api/policy/judge': {
    summary: 'Say who would gain and lose by a text as the policy, and who has to agree to it. It changes nothing',
    body: 'PolicyToJudge',
    answer: 'PolicyJudged',
    ...sending,
  },
  'post /api/policy/replay': {
    summary:
      'Say what a text as the policy would have answered to the recorded requests. Rows need view_audit. It changes nothing',
    body: 'PolicyToReplay',
    answer: 'PolicyReplayed',
    ...sending,
  },
  'post /api/policy/changes': {
    summary: 'Make a text the policy, or propose it if a second editor has to agree',
    body: 'PolicyChange',
    answer: 'PolicyChanged',
    ...changing,
  },
  'post /api/policy/proposals/{id}': {
    summary: "Confirm another editor's change, or withdraw one that waits",
    body: 'PolicySettlement',
    answer: 'PolicySettled',
    permission: editing.permission,
    refusals: [...changing.refusals, 'not_found'],
  },
  'post /api/policy/drift': {
    summary: 'Take or dismiss a changed policy file',
    body: 'PolicyDrift',
    answer: 'PolicyDriftSettled',
    ...changing,
  },
});
