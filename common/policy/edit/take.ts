import type { Holder } from './grant.ts';
import { EditRefused } from './refused.ts';

/**
 * Takes tools of a server away from a group or an agent; all that it has there if `tools` is undefined. A scope that others
 * hold too is split, so that only `from` loses.
 * @param text of the policy file
 * @returns the new text, and the groups that lose it too
 * @throws {EditRefused} if it cannot be taken away
 */
export function takeAway(
  _text: string,
  _what: { from: Holder; server: string; tools?: readonly string[] },
): { text: string; alsoLose: string[] } {
  throw new EditRefused('The policy cannot be edited yet.');
}
