import type { ArgumentEntry, Grant, Holder, ToolEntry } from '../../../../common/policy/edit/grant.ts';
import type { KnownArgument } from './schema.ts';
import type { TypedLimit, Values } from './values.ts';

/** Messages by field: `to`, `tools`, `why`, `form`, or `limit <tool> <row>`. */
export type Faults = Partial<Record<string, string>>;

/** A grant, or what is wrong with the form. */
export type Read = { grant: Grant; faults?: undefined } | { grant?: undefined; faults: Faults };

const oneHour = 3_600_000;

/** Reads whom the form names; undefined if it names none. */
export function holderIn(to: string): Holder | undefined {
  const [, kind, name] = /^(group|agent):(.+)$/s.exec(to) ?? [];
  return name === undefined ? undefined : { kind: kind === 'agent' ? 'agent' : 'group', name };
}

/**
 * What the form asks to give. Pure.
 * @param argumentsOf what is known of a tool's arguments: it says whether a value is a text or a number
 */
export function grantIn(values: Values, argumentsOf: (tool: string) => readonly KnownArgument[]): Read {
  const { server, to, prompts, resources } = values;
  const faults: Faults = {};
  const holder = holderIn(to);
  if (!holder) faults.to = 'Choose a group or an agent.';
  const held = values.held.size > 0 && !values.all;
  if (held && holder?.kind === 'agent' && values.approver === '')
    faults.approver = 'An agent cannot approve its own calls: choose a group that does.';
  const approve = values.approver === '' ? ('person' as const) : { groups: [values.approver] };
  const tools: (string | ToolEntry)[] = values.all ? ['*'] : [];
  if (!values.all && values.hint) tools.push({ hint: 'read-only' });
  for (const name of values.all ? [] : values.tools) {
    const rows = values.limits.get(name) ?? [];
    const isOnly = values.only.has(name) && rows.length > 0;
    const limits = argumentsIn(name, rows, argumentsOf(name), faults);
    const entry: ToolEntry = {
      ...(rows.length > 0 && { arguments: limits }),
      ...(isOnly && { only: true }),
      ...(values.held.has(name) && { approve }),
    };
    tools.push(Object.keys(entry).length > 0 ? { name, ...entry } : name);
  }
  if (tools.length === 0 && !prompts && !resources) faults.tools = 'Choose at least one tool.';
  if (!holder || Object.keys(faults).length > 0) return { faults };
  const until = endOf(values);
  const more = { ...(prompts && { alsoPrompts: true }), ...(resources && { alsoResources: true }) };
  return { grant: { to: holder, server, tools, ...(until && { until: inFile(until) }), ...more } };
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

type Bounds = { in?: (string | number | boolean)[]; min?: number; max?: number; optional?: boolean; empty?: boolean };

function argumentsIn(
  tool: string,
  rows: readonly TypedLimit[],
  known: readonly KnownArgument[],
  faults: Faults,
): Record<string, ArgumentEntry> {
  const found = new Map<string, Bounds>();
  for (const [i, row] of rows.entries()) {
    const argument = row.argument.trim();
    const bounds = found.get(argument) ?? {};
    const fault = argument === '' ? 'Name the argument.' : addTo(bounds, row, kindFor(known, argument));
    if (fault) faults[`limit ${tool} ${i}`] = fault;
    else found.set(argument, bounds);
  }
  return Object.fromEntries([...found].map(([name, bounds]) => [name, entryOf(bounds)]));
}

/** Adds a row to what is required of its argument. @returns what is wrong with it; undefined if nothing is */
function addTo(bounds: Bounds, { rule, value, optional, empty }: TypedLimit, kind: KnownArgument['kind']) {
  if (rule === 'in') {
    const values = value
      .split(',')
      .map((each) => each.trim())
      .filter(Boolean)
      .map((each) => valueOf(each, kind));
    if (values.length === 0) return 'Write at least one value, or “*” for every text.';
    if (values.includes(undefined))
      return kind === 'number' ? 'It takes numbers, such as 1, 2.5.' : 'It takes true or false.';
    if (bounds.in) return 'This argument has such a limit already.';
    bounds.in = values.filter((each) => each !== undefined);
  } else {
    const number = numberOf(value);
    if (number === undefined) return 'Write a number.';
    if (bounds[rule] !== undefined) return 'This argument has such a limit already.';
    bounds[rule] = number;
  }
  if (bounds.min !== undefined && bounds.max !== undefined && bounds.min > bounds.max)
    return 'No number is at least this and at most that.';
  if (optional) bounds.optional = true;
  if (empty) bounds.empty = true;
  return undefined;
}

function kindFor(known: readonly KnownArgument[], argument: string): KnownArgument['kind'] {
  const { kind = 'other', elements = 'other' } = known.find(({ key }) => key === argument) ?? {};
  return kind === 'list' ? elements : kind;
}

/** Texts, unless the schema says otherwise. */
function valueOf(text: string, kind: KnownArgument['kind']): string | number | boolean | undefined {
  if (kind === 'number') return numberOf(text);
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  return text;
}

function numberOf(text: string): number | undefined {
  const number = Number(text.trim());
  const isWhole = Number.isSafeInteger(number) || !Number.isInteger(number);
  return text.trim() !== '' && Number.isFinite(number) && isWhole ? number : undefined;
}

function entryOf(bounds: Bounds): ArgumentEntry {
  return bounds.in && Object.keys(bounds).length === 1 ? bounds.in : bounds;
}
