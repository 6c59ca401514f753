import type { Grant, ToolEntry } from '../../../../common/policy/edit/grant.ts';
import { isToolPattern } from '../../../../common/policy/edit/names.ts';
import { shortened } from '../../shared/format.ts';
import { holderIn } from '../shared/holders.ts';
import { limitsOf } from './limits.ts';
import type { KnownArgument } from './schema.ts';
import type { Values } from './values.ts';

/** Messages by field: `to`, `tools`, `more`, `approver`, `why`, `form`, or `limit <tool> <row>`. */
export type Faults = Partial<Record<string, string>>;

/** A grant, or what is wrong with the form. */
export type Read = { grant: Grant; faults?: undefined } | { grant?: undefined; faults: Faults };

const oneHour = 3_600_000;

/** What the reading needs to know of the server. */
export interface About {
  /** Any rule opens a set: it takes no tools. */
  isSet: boolean;
  argumentsOf: (tool: string) => readonly KnownArgument[];
}

/** What the form asks to give. Pure. */
export function grantIn(values: Values, { isSet, argumentsOf }: About): Read {
  const { server, prompts, resources } = values;
  const to = holderIn(values.to);
  const { tools, faults } = isSet ? { tools: [], faults: {} as Faults } : toolsIn(values, argumentsOf);
  if (!to) faults.to = 'Choose a group or an agent.';
  const isHeld = !isSet && !values.all && [...values.held].some((tool) => values.tools.has(tool));
  if (isHeld && to?.kind === 'agent' && values.approver === '')
    faults.approver = 'An agent cannot approve its own calls: choose a group that does.';
  if (tools.length === 0 && !isSet && !prompts && !resources) faults.tools = 'Choose at least one tool.';
  if (!to || Object.keys(faults).length > 0) return { faults };
  const until = endOf(values);
  const more = { ...(prompts && { alsoPrompts: true }), ...(resources && { alsoResources: true }) };
  return { grant: { to, server, tools, ...(until && { until: inFile(until) }), ...more } };
}

/** When the access ends: a full hour. Undefined if it does not end by itself. */
export function endOf({ days, asOf }: Pick<Values, 'days' | 'asOf'>): Date | undefined {
  if (days === '') return undefined;
  return new Date(Math.ceil((asOf + Number(days) * 24 * oneHour) / oneHour) * oneHour);
}

/** A time as the policy file writes it: `2026-12-28T18:00:00Z`. */
function inFile(time: Date): string {
  return time.toISOString().replace('.000', '');
}

function toolsIn(values: Values, argumentsOf: (tool: string) => readonly KnownArgument[]) {
  const { all, hint, limits, only, held, approver } = values;
  const faults: Faults = {};
  if (all) return { tools: ['*'], faults };
  const tools: (string | ToolEntry)[] = hint ? [{ hint: 'read-only' }] : [];
  const approve = approver === '' ? ('person' as const) : { groups: [approver] };
  for (const name of values.tools) {
    const read = limitsOf(limits.get(name) ?? [], argumentsOf(name));
    for (const [row, fault] of read.faults) faults[`limit ${name} ${row}`] = fault;
    const isLimited = Object.keys(read.entries).length > 0;
    const conditions: ToolEntry = {
      ...(isLimited && { arguments: read.entries }),
      ...(isLimited && only.has(name) && { only: true }),
      ...(held.has(name) && { approve }),
    };
    tools.push(Object.keys(conditions).length > 0 ? { name, ...conditions } : name);
  }
  const others = values.more.split(/[\s,]+/).filter((name) => name !== '' && !values.tools.has(name));
  const odd = others.find((name) => !isToolPattern(name));
  if (odd !== undefined) faults.more = `“${shortened(odd, 60)}” is no name of a tool that a rule can have.`;
  return { tools: [...tools, ...others], faults };
}
