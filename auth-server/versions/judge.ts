import { mostDifferences, mostSentences } from '../../common/doors/versions.ts';
import { createThreadQueue } from '../../common/service/ask-thread.ts';
import type { Difference } from '../../policy/review/diff.ts';
import { DoorRefusal } from '../account/door-answer.ts';
import type { Gains } from './second-editor.ts';

/** What the thread is given: two texts of policies, and how many differences it may name. */
export interface ToJudge {
  before: string;
  after: string;
  mostDifferences: number;
}

/** What a text means as the policy, compared with another one; or what keeps it from being a policy. */
export type Judgement =
  | { faults: readonly string[] }
  | { faults: readonly []; differences: Difference[]; more: number; gains: Gains };

/** A text that is a policy. */
export type Comparison = Extract<Judgement, { gains: Gains }>;

export type Judge = ReturnType<typeof createJudge>;

const longestMilliseconds = 50_000;
const mostWaiting = 10;
/** Enough to compare two policies of 1 MB. */
const resourceLimits = { maxOldGenerationSizeMb: 384 };

/** Makes what compares policies: on a thread, one after the other, because a long text takes seconds. */
export function createJudge() {
  const file = new URL('./judge-thread.ts', import.meta.url);
  const longest = { milliseconds: longestMilliseconds, error: busy };
  const ask = createThreadQueue({ file, resourceLimits, longest }, mostWaiting);
  /**
   * @param before a text that is a policy
   * @throws {DoorRefusal} `policy_busy` if too many wait, or it takes too long
   */
  return async (before: string, after: string): Promise<Judgement> => {
    const found = await ask<Judgement>({ before, after, mostDifferences } satisfies ToJudge);
    return 'gains' in found ? found : { faults: found.faults.slice(0, mostSentences) };
  };
}

function busy(): DoorRefusal {
  return new DoorRefusal(503, 'policy_busy', 'The policy is too long to compare now. Try again in a moment.');
}
