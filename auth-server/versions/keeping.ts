import type { PolicyWatch } from '../../common/policy/policy-in-force.ts';
import type { PolicyProposalStore } from '../store/policy/proposal.ts';
import type { PolicyVersionStore } from '../store/policy/version.ts';
import type { DriftWatch } from './drift.ts';
import type { Judge } from './judge.ts';
import type { VersionsInForce } from './source.ts';

/** Where the policy is kept when people may edit it (`POLICY_EDITABLE`). */
export interface KeptPolicy {
  inForce: VersionsInForce;
  versions: PolicyVersionStore;
  proposals: PolicyProposalStore;
  drift: Pick<DriftWatch, 'current'>;
}

/** What the routes about the policy work with. */
export interface PolicyKeeping {
  /** The policy in force, wherever it is kept. */
  watch: Pick<PolicyWatch, 'version' | 'text' | 'current'>;
  judge: Judge;
  /** Undefined if the policy file is the policy. */
  kept: KeptPolicy | undefined;
}
