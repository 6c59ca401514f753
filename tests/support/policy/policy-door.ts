import type { PolicyProposal, PolicyVersion } from '../../../common/doors/versions.ts';
import type { PolicyDoor } from '../../../registry/doors/policy.ts';
import { PolicyConflict, RegistryError } from '../../../registry/errors/registry-error.ts';

const difference = {
  ...{ kind: 'person' as const, who: 'users', change: 'gains' as const, what: 'tools/call now', server: 'time' },
  ...{ condition: '', instead: '' },
};
const by = { sub: 'sub-ada', name: 'ada' };
const version: PolicyVersion = {
  ...{ number: 2, version: '0123456789ab', parent: 1, at: '2026-11-30T12:00:00.000Z', by, why: 'for this test' },
  ...{ source: 'page', confirmedBy: { sub: 'sub-grace', name: 'grace' } },
};
const proposal: PolicyProposal = {
  ...{ id: 1, base: 2, at: version.at, by, why: 'for this test', source: 'page', text: 'a: []\n' },
  ...{ reasons: ['users gains access, and the editor is in it.'], differences: [difference], more: 0 },
};

/** Answers of an auth-server that has two versions and one proposal. A change from version 1 is too late; `own` has to wait. */
export const somePolicy: PolicyDoor = {
  current: async () => ({
    ...{ editable: true, version: version.version, number: 2, text: 'a: []\n', proposals: [proposal] },
    drift: { version: 'ba9876543210', text: 'b: []\n' },
  }),
  versions: async () => ({ versions: [version], next: 2 }),
  version: async (_assertion, number) => {
    if (number === version.number) return { ...version, text: 'a: []\n', differences: [difference], more: 0 };
    throw new RegistryError('not_found', `Version ${number} of the policy is not kept.`);
  },
  judge: async () => ({ differences: [difference], more: 3, needsSecond: ['users gains access.'], faults: [] }),
  change: async (_assertion, { base, text }) => {
    if (base < 2) throw new PolicyConflict({ current: 2, differences: [difference], more: 0 });
    return text === 'own' ? { proposed: proposal } : { applied: version };
  },
  settle: async (_assertion, _id, act) => ({ applied: act === 'confirm' ? version : null }),
  drift: async (_assertion, { take }) => ({ applied: take ? version : null }),
  replay: () => Promise.reject(new RegistryError('policy_unavailable', 'It does not answer.')),
};
