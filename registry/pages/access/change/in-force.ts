import { setTimeout as sleep } from 'node:timers/promises';
import type { Policy } from '../../../../policy/policy.ts';

const longestMilliseconds = 1_500;
const stepMilliseconds = 50;

/**
 * Waits until this registry judges by another policy than `before`, so that the next page shows what was changed. It takes a new
 * version within a second; after a second and a half, the page is shown all the same.
 */
export async function untilInForce(policy: () => Policy, before: Policy): Promise<void> {
  for (let waited = 0; policy() === before && waited < longestMilliseconds; waited += stepMilliseconds)
    await sleep(stepMilliseconds);
}
