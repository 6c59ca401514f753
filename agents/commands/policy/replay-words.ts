import { type CannotTell, cannotTellWords } from '../../../common/doors/replay.ts';

/** What the sides of a replay are called, those first that a person must look at. */
export const replaySideWords = {
  refused: 'Would be refused, and were allowed',
  allowed: 'Would be allowed, and were refused',
  held: 'Would wait for the approval of a person',
  depends: 'Depend on their arguments, which are not recorded',
} as const;

/** The names of the sides, in the order in which they are shown. */
export const replaySides = Object.keys(replaySideWords) as (keyof typeof replaySideWords)[];

/** How many calls of how many callers: `12 calls of 3 callers`. */
export function callsInWords({ calls, people }: { calls: number; people: number }): string {
  if (calls === 0) return 'none';
  return `${counted(calls, 'call')} of ${counted(people, 'caller')}`;
}

/** What a row is about: `create_issue on github`, `tools/list on github`. */
export function rowInWords({ server, method, object }: { server: string; method: string; object: string }): string {
  const what = object === '' ? method : method === 'tools/call' ? object : `${method} ${object}`;
  return `${what || 'a request'} on ${server}`;
}

/** Why some of the requests could not be judged, with how many: `3 of people who were erased`. */
export function cannotTellInWords({ reason, count }: { reason: CannotTell; count: number }): string {
  return `${thousands(count)}: ${cannotTellWords[reason]}`;
}

/** A whole number with commas. */
export function thousands(number: number): string {
  return number.toLocaleString('en-US');
}

function counted(number: number, noun: string): string {
  return `${thousands(number)} ${noun}${number === 1 ? '' : 's'}`;
}
