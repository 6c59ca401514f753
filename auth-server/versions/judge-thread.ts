import { parentPort, workerData } from 'node:worker_threads';
import { readPolicySource } from '../../common/policy/policy-file.ts';
import { attempt } from '../../common/text/config-error.ts';
import { compilePolicy } from '../../policy/policy.ts';
import { diff } from '../../policy/review/diff.ts';
import type { Judgement, ToJudge } from './judge.ts';
import { gainsOf } from './second-editor.ts';

const noEditors = 'gives edit_policy to no group: no one could change the policy afterwards';

parentPort?.postMessage(judged(workerData as ToJudge));

function judged({ before, after, mostDifferences }: ToJudge): Judgement {
  const { value: source, faults } = attempt(() => readPolicySource(after));
  if (!source) return { faults };
  const now = Date.now();
  const [old, policy] = [compilePolicy(readPolicySource(before), now), compilePolicy(source, now)];
  const differences = diff(old, policy);
  const gains = gainsOf(old, policy, differences);
  if (gains.editorsAfter.length === 0) return { faults: [noEditors] };
  const named = differences.slice(0, mostDifferences);
  return { faults: [], differences: named, more: differences.length - named.length, gains };
}
