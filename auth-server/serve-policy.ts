import { watchPolicy } from '../common/policy/policy-watch.ts';
import type { Logger } from '../common/service/log.ts';
import type { Config } from './process/config.ts';
import type { Store } from './store/store.ts';
import { createJudge } from './versions/judge.ts';
import type { PolicyKeeping } from './versions/keeping.ts';

/**
 * The policy in force, and what its routes work with: the file, or with `POLICY_EDITABLE` the versions in the store.
 * @throws {ConfigError} if there is no policy that can be used
 */
export async function policyOf(
  { POLICY_EDITABLE, SCOPES_FILE }: Config,
  { policyVersions: versions, policyProposals: proposals }: Store,
  log: Logger,
) {
  const judge = createJudge();
  if (POLICY_EDITABLE === 'false') {
    const watch = watchPolicy(SCOPES_FILE, log);
    const policyKeeping: PolicyKeeping = { watch, judge, kept: undefined };
    return { ...watch, policyKeeping };
  }
  // Loaded only where they are used: most gateways have their policy in a file, and start sooner without them.
  const [{ watchVersions }, { watchDrift }] = await Promise.all([
    import('./versions/source.ts'),
    import('./versions/drift.ts'),
  ]);
  const inForce = await watchVersions(versions, SCOPES_FILE, log);
  const drift = watchDrift(SCOPES_FILE, versions, inForce, log);
  const policyKeeping: PolicyKeeping = { watch: inForce, judge, kept: { inForce, versions, proposals, drift } };
  const stop = () => {
    inForce.stop();
    drift.stop();
  };
  return { ...inForce, policyKeeping, stop };
}
