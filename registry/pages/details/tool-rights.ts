import { isApproved, type KnownTools } from '../../../policy/known-tools.ts';
import { limitsFor } from '../../../policy/limits.ts';
import type { Policy } from '../../../policy/policy.ts';
import { callNeeds } from '../../../policy/review/conditions.ts';
import { limitWords } from '../../../policy/review/words.ts';
import type { Person } from '../../access/guards.ts';
import { isAgent } from '../../access/is-agent.ts';
import { callable } from '../../search/rights.ts';
import type { ToolRight } from './tools.ts';

/** What the gate says to a person's calls of the tools of a server. Use it for one answer: it remembers what it has read. Pure. */
export function toolRights(
  policy: Policy,
  person: Person,
  server: string,
  known: KnownTools,
): (tool: string) => ToolRight {
  // The page says beside a tool whether it waits for its approval.
  const mayCall = callable(policy, person.scopes, { readOnly: known.readOnly });
  const needsOf = callNeeds(policy, person.scopes, known);
  const caller = { ...person, isAgent: isAgent(person) };
  return (tool) => {
    if (!mayCall(server, tool)) return { is: 'no' };
    const { words, need } = needsOf(server, tool);
    return {
      is: isApproved(known, server, tool) ? 'yes' : 'waits',
      ...{ condition: words.join(' or '), need },
      limits: limitsFor(policy, caller, server, tool).map(limitWords),
    };
  };
}
