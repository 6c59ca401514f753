import { reveal } from '../../../common/text/reveal.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayEditPolicy } from '../../access/edit-policy.ts';
import type { Person } from '../../access/guards.ts';
import { type HintGain, hintGains } from '../../pins/hint-gains.ts';
import { type Definition, saysReadOnly } from '../../servers/definition.ts';
import type { ServerDefinitions } from '../../store/definitions.ts';
import { inWords } from '../shared/format.ts';

/** Tools of which it is said who gains by their hints. The approval itself looks at all. */
const mostTools = 40;
/** Groups and agents that are looked for: a policy may have hundreds with such rules. */
const mostCallers = 30;

/**
 * What an approval by this person does for the hints of a server's tools. A hint (`readOnlyHint`) counts for rules once a person has
 * approved the definition that has it.
 */
export function hintsOf(
  policy: Policy,
  person: Person,
  server: string,
  { approved, pending }: Pick<ServerDefinitions, 'approved' | 'pending'>,
) {
  const mayEdit = mayEditPolicy(policy, person);
  const says = ({ parts }: Definition) => saysReadOnly(parts?.annotations);
  const counted = (name: string) => {
    const before = approved.get(name);
    return before?.byPerson === true && says(before);
  };
  const waiting = [...approved.values()].filter((each) => !each.byPerson && !pending.has(each.name) && says(each));
  const changed = [...pending.values()].filter((each) => says(each) && !counted(each.name));
  const gained = (tools: readonly Definition[]) => {
    const names = tools.slice(0, mostTools).map(({ name }) => name);
    return hintGains(policy, server, names).take(mostCallers).toArray();
  };
  const [gains, ofChanged] = [gained(waiting), gained(changed)];
  return {
    /** Approved when they were first seen: their hints do not count yet. */
    waiting: waiting.map(({ name, hash }) => ({ name, hash, shown: reveal(name) })),
    who: whoGains(gains),
    /** Whether this person may have their hints count, if they may approve at all. */
    mayCount: mayEdit || gains.length === 0,
    /** By tool that waits for approval: who gains by its hint, and whether this person may approve that. */
    changed: new Map(
      changed.flatMap(({ name }) => {
        const own = ofChanged.filter(({ tools }) => tools.includes(name));
        return own.length > 0 ? [[name, { who: whoGains(own), mayApprove: mayEdit }] as const] : [];
      }),
    ),
  };
}

/** `people in support and staff, and agents with agents/read`; empty for no one. */
function whoGains(gains: readonly HintGain[]): string {
  const named = (of: HintGain['kind']) => gains.filter(({ kind }) => kind === of).map(({ name }) => name);
  const [groups, agents] = [named('group'), named('agent')];
  const people = groups.length > 0 ? `people in ${inWords(groups)}` : '';
  const programs = agents.length > 0 ? `agents with ${inWords(agents)}` : '';
  const others = gains.length === mostCallers ? 'others' : '';
  return [people, programs, others].filter(Boolean).join(', and ');
}
