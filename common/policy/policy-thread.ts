import { parentPort, workerData } from 'node:worker_threads';
import type { PolicySource } from '../../policy/policy.ts';
import { attempt } from '../text/config-error.ts';
import { readPolicySource } from './policy-file.ts';

/** What the thread answers: the policy in the text that it was given, or the faults of the text. */
export type PolicyAnswer = { source: PolicySource } | { faults: readonly string[] };

parentPort?.postMessage(answerTo(String(workerData)));

function answerTo(text: string): PolicyAnswer {
  const { value, faults } = attempt(() => readPolicySource(text));
  return value ? { source: value } : { faults };
}
