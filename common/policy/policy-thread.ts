import { parentPort, workerData } from 'node:worker_threads';
import type { PolicySource } from '../../policy/policy.ts';
import { PolicyError, readPolicySource } from '../../policy/policy-file.ts';

/** What the thread says of the text that it was given: what stands there, or what is wrong with it. */
export type PolicyAnswer = { source: PolicySource } | { faults: readonly string[] };

parentPort?.postMessage(answerTo(String(workerData)));

function answerTo(text: string): PolicyAnswer {
  try {
    return { source: readPolicySource(text) };
  } catch (error) {
    if (error instanceof PolicyError) return { faults: error.faults };
    throw error;
  }
}
