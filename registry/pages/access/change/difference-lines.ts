import { reveal } from '../../../../common/text/reveal.ts';
import type { Difference } from '../../../../policy/review/diff.ts';
import { differenceSentence } from '../../../../policy/review/words.ts';
import { withCommas } from '../../shared/format.ts';

/** One sentence about what a change means. */
export interface ChangeLine {
  change: 'gains' | 'loses';
  text: string;
}

/** Lines of one list. */
const mostLines = 40;

/**
 * What a change means in sentences, people first. Differences of agents' scopes stand apart: every scope that a group holds can
 * be an agent's too. Hidden characters of names are spelled out. Pure.
 * @param seen how many people of a group the gateway has seen; undefined if that is not known
 */
export function linesOf(differences: readonly Difference[], seen?: ReadonlyMap<string, number>) {
  const counted = new Set<string>();
  const people = ({ kind, who }: Difference) => {
    if (kind === 'agent') return `Agents with the scope ${who}`;
    const isFirst = !counted.has(who);
    counted.add(who);
    return seen && isFirst
      ? `People in ${who} (${withCommas(seen.get(who) ?? 0)} seen in 30 days)`
      : `People in ${who}`;
  };
  const lines = (kind: Difference['kind']) => {
    const own = together(differences.filter((each) => each.kind === kind));
    const shown = own.slice(0, mostLines).map((each): ChangeLine => {
      return { change: each.change, text: reveal(differenceSentence(each, people(each))) };
    });
    return { lines: shown, more: own.length - shown.length };
  };
  return { people: lines('person'), agents: lines('agent') };
}

export type ChangeLines = ReturnType<typeof linesOf>;

const calls = 'tools/call ';
const inRegistry = ' (in the registry)';

/** What of a difference a sentence can name together with others: the name of a tool, or of a permission. */
function nameIn(what: string): { name: string; of: 'tools' | 'permissions' } | undefined {
  if (what.startsWith(calls)) return { name: what.slice(calls.length), of: 'tools' };
  if (what.endsWith(inRegistry)) return { name: what.slice(0, -inRegistry.length), of: 'permissions' };
  return undefined;
}

/** Joins differences that only differ in the tool or the permission: one sentence names many. */
function together(differences: readonly Difference[]): Difference[] {
  const joined = new Map<string, { first: Difference; names: string[] }>();
  for (const difference of differences) {
    const { kind, who, change, server, what, condition, instead } = difference;
    const named = nameIn(what);
    const key = JSON.stringify([kind, who, change, server, condition, instead, named?.of ?? what]);
    const same = joined.get(key) ?? { first: difference, names: [] };
    if (named) same.names.push(named.name);
    joined.set(key, same);
  }
  const all = [...joined.values()].map(({ first, names }) => {
    if (names.length < 2) return first;
    const what = first.what.startsWith(calls) ? `${calls}${listed(names)}` : `${listed(names)}${inRegistry}`;
    return { ...first, what };
  });
  // What may be called stands first, and what one is given before what one loses.
  const rank = ({ what, change }: Difference) => (change === 'gains' ? 0 : 2) + (what.startsWith(calls) ? 0 : 1);
  return all.toSorted((a, b) => rank(a) - rank(b));
}

/** All of them: a name that is left out could be the one that matters. */
function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
