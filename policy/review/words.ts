import type { Difference } from './diff.ts';

const verbs: readonly [method: string, verb: string][] = [
  ['tools/call ', 'call '],
  ['prompts/get ', 'use the prompt '],
  ['resources/read ', 'read '],
];

/** A difference on one line: `support gains tools/call create_issue on github, when repo is acme/support`. */
export function differenceLine({ who, change, what, server, condition, instead }: Difference): string {
  const other = instead && `; ${change === 'gains' ? 'so far' : 'still'} ${instead}`;
  return `${who} ${change} ${what} on ${server}${condition && `, ${condition}`}${other}`;
}

/**
 * A difference as a sentence, people first: `3 people in support may now call create_issue on github, when repo is acme/support.`
 * @param people how the sentence names them; by default by the group or the scope
 */
export function differenceSentence(difference: Difference, people = peopleOf(difference)): string {
  const { change, what, server, condition, instead } = difference;
  const may = change === 'gains' ? 'may now' : 'may no longer';
  const other = instead && (change === 'gains' ? `; so far only ${instead}` : `; they still may ${instead}`);
  return `${people} ${may} ${doing(what)} on ${server}${condition && `, ${condition}`}${other}.`;
}

function peopleOf({ kind, who }: Difference): string {
  return kind === 'person' ? `People in ${who}` : `Agents with the scope ${who}`;
}

function doing(what: string): string {
  const [method, verb] = verbs.find(([start]) => what.startsWith(start)) ?? ['', 'do '];
  return verb + what.slice(method.length);
}
