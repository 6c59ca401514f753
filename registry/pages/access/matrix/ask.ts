import type { KnownTools } from '../../../../policy/known-tools.ts';
import { isKnownScope, type Policy } from '../../../../policy/policy.ts';
import type { CatalogueEntry } from '../../../access/catalogue.ts';
import { answerTo, type Explained } from '../../rights/explained.ts';
import { inWords } from '../../shared/format.ts';

/** The sentence of the form: may `who` call `tool` on `server`? */
export interface Asked {
  who: string;
  tool: string;
  server: string;
}

/** A person who was found by a name, with their groups. */
export interface FoundPerson {
  name: string;
  groups: readonly string[];
}

const longest = 256;

/** Reads the question from a query; undefined if none is asked. */
export function askedIn(query: Readonly<Record<string, unknown>>): Asked | undefined {
  const text = (name: string) => (typeof query[name] === 'string' ? query[name].trim().slice(0, longest) : '');
  const asked = { who: text('who'), tool: text('tool'), server: text('server') };
  return asked.who + asked.tool + asked.server === '' ? undefined : asked;
}

/** Whether a name is that of a group or of a scope that the policy knows. */
export function isKnownName(policy: Policy, who: string): boolean {
  return policy.source.groups.has(who) || isKnownScope(policy, who);
}

/** The first words of an answer, and the state whose icon and colour it has. */
function verdictOf({ allowed, depends, isHeld }: Explained): { state: string; says: string } {
  if (allowed) return { state: 'healthy', says: 'Yes.' };
  if (depends) return { state: 'wait', says: 'With some arguments.' };
  return isHeld ? { state: 'wait', says: 'After an approval.' } : { state: 'bad', says: 'No.' };
}

/** Which rule allows it, or which groups or scopes would. */
function reasonOf({ rule, helps, depends, isHeld }: Explained): string {
  if (rule) return `By the rule ${rule}.`;
  const it = depends || isHeld ? 'Without a condition it' : 'It';
  return helps.length > 0 ? `${it} would be allowed by ${inWords(helps, 'or')}.` : '';
}

/**
 * Answers with the code that decides at the gate. Pure.
 * @param person the person of that name, if `who` is no group and no scope
 */
export function answerOf(
  policy: Policy,
  { who, tool, server }: Asked,
  person: FoundPerson | undefined,
  { servers, tools }: { servers: readonly CatalogueEntry[]; tools: KnownTools },
) {
  if (who === '' || tool === '' || server === '') return { fault: 'Name who, the tool and the server.' };
  const isGroup = policy.source.groups.has(who);
  if (!isGroup && !isKnownScope(policy, who) && !person)
    return { fault: `There is no group, scope or person “${who}” that the gateway has seen.` };
  const named = servers.find(({ name, title }) => name === server || title.toLowerCase() === server.toLowerCase());
  const kind = isGroup || !isKnownScope(policy, who) ? ('group' as const) : ('scope' as const);
  const names = isGroup || kind === 'scope' ? [who] : (person?.groups ?? []);
  const name = named?.name ?? server;
  if (names.length === 0) return { fault: '', state: 'bad', says: 'No.', text: `${who} is in no group.`, href: '' };
  const question = { kind, who: names.join(' '), server: name, method: 'tools/call', object: tool };
  const answer = answerTo(policy, question, { servers, tools });
  if (typeof answer === 'string') return { fault: answer };
  const through = person && !isGroup && kind === 'group' ? ` ${person.name} is in ${inWords(names)}.` : '';
  const { verdict, notes } = answer;
  return {
    ...{
      fault: '',
      ...verdictOf(answer),
      text: [`${verdict}${through}`, reasonOf(answer), ...notes].filter(Boolean).join(' '),
    },
    href: `/rights?${new URLSearchParams(question)}#explain`,
  };
}
