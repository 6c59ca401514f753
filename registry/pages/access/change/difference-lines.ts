import type { Difference } from '../../../../policy/review/diff.ts';
import { differenceSentence } from '../../../../policy/review/words.ts';
import { counted, inWords } from '../../shared/format.ts';

/** One sentence about what a change means. */
export interface ChangeLine {
  change: 'gains' | 'loses';
  text: string;
}

/** Lines of one list. */
const mostLines = 40;

/**
 * What a change means in sentences, people first. Differences of agents' scopes stand apart: every scope that a group holds can
 * be an agent's too. Pure.
 * @param seen how many people of a group the gateway has seen; undefined if that is not known
 */
export function linesOf(differences: readonly Difference[], seen?: ReadonlyMap<string, number>) {
  const people = (difference: Difference) => {
    if (difference.kind === 'agent') return `Agents with the scope ${difference.who}`;
    const count = seen?.get(difference.who);
    const known = seen ? ` (${counted(count ?? 0, 'person').replace('persons', 'people')} seen in 30 days)` : '';
    return `People in ${difference.who}${known}`;
  };
  const lines = (kind: Difference['kind']) => {
    const own = together(differences.filter((each) => each.kind === kind));
    const shown = own.slice(0, mostLines).map((each): ChangeLine => {
      return { change: each.change, text: differenceSentence(each, people(each)) };
    });
    return { lines: shown, more: own.length - shown.length };
  };
  return { people: lines('person'), agents: lines('agent') };
}

export type ChangeLines = ReturnType<typeof linesOf>;

const calls = 'tools/call ';

/** Joins differences that only differ in the tool: one sentence names many tools. */
function together(differences: readonly Difference[]): Difference[] {
  const joined = new Map<string, Difference & { tools: string[] }>();
  for (const difference of differences) {
    const { kind, who, change, server, what, condition, instead } = difference;
    const tool = what.startsWith(calls) ? what.slice(calls.length) : undefined;
    const key = JSON.stringify([kind, who, change, server, condition, instead, tool === undefined ? what : calls]);
    const same = joined.get(key);
    if (same && tool !== undefined) same.tools.push(tool);
    else joined.set(key, { ...difference, tools: tool === undefined ? [] : [tool] });
  }
  const all = [...joined.values()].map(({ tools, ...difference }) => {
    return tools.length > 1 ? { ...difference, what: `${calls}${inWords(tools)}` } : difference;
  });
  // What may be called stands first, and what one is given before what one loses.
  const rank = ({ what, change }: Difference) => (change === 'gains' ? 0 : 2) + (what.startsWith(calls) ? 0 : 1);
  return all.toSorted((a, b) => rank(a) - rank(b));
}
