import type * as z from 'zod';
import type { Difference } from '../../../policy/review/compare/difference.ts';
import { differenceLine } from '../../../policy/review/words.ts';
import { begin } from '../../gateway/identity.ts';
import { askRegistry } from '../../gateway/registry.ts';
import type { CommonOptions, Run } from '../../lib/command.ts';
import { usageError } from '../../lib/failure.ts';
import { safeText } from '../../lib/print.ts';

/** The options of every command about the policy: a person acts, never an agent. */
export interface PolicyOptions extends CommonOptions {
  sessionCookieFile?: string;
}

/** The gateway compares two long policies for most of a minute. */
const waitMilliseconds = 60_000;

/**
 * Makes what asks the registry about the policy, as the logged-in person.
 * @throws {CommandError} notLoggedIn
 */
export async function openPolicyApi(run: Run<PolicyOptions>) {
  const who = { ...(await begin({ ...run, options: { ...run.options, useSessionCookie: true } })), print: run.print };
  /** @param path below `/api/policy`. Throws {@link CommandError} */
  return <T>(path: string, answer: z.ZodType<T>, body?: object): Promise<T> =>
    askRegistry(who, `/api/policy${path}`, answer, body, { milliseconds: waitMilliseconds });
}

export type PolicyApi = Awaited<ReturnType<typeof openPolicyApi>>;

/**
 * Reads a number of a version or a proposal.
 * @throws {CommandError} usage
 */
export function numberOf(word: string, noun: string): number {
  const number = Number(word);
  if (Number.isInteger(number) && number >= 1) return number;
  throw usageError(`"${word}" is not the number of a ${noun}.`);
}

/** Differences as lines, and how many more there are. */
export function differenceLines({ differences, more }: { differences: readonly Difference[]; more: number }): string[] {
  if (differences.length === 0) return ['No caller gains or loses anything.'];
  const lines = differences.map((each) => `  ${safeText(differenceLine(each))}`);
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}
