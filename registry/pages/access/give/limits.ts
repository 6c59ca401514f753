import type { ArgumentEntry } from '../../../../common/policy/edit/grant.ts';
import type { KnownArgument } from './schema.ts';
import type { TypedLimit } from './values.ts';

type Value = string | number | boolean;
type Bounds = { in?: Value[]; min?: number; max?: number; optional?: boolean; empty?: boolean };

/**
 * The limits of a tool's arguments, as typed, as the policy file writes them. Pure.
 * @param known what is known of the arguments: it says whether a value is a text or a number
 * @returns the entries by argument, and the faults by the number of the row
 */
export function limitsOf(rows: readonly TypedLimit[], known: readonly KnownArgument[]) {
  const found = new Map<string, Bounds>();
  const faults = new Map<number, string>();
  for (const [i, row] of rows.entries()) {
    const argument = row.argument.trim();
    const bounds = found.get(argument) ?? {};
    const fault = argument === '' ? 'Name the argument.' : addTo(bounds, row, kindFor(known, argument));
    if (fault) faults.set(i, fault);
    else found.set(argument, bounds);
  }
  return { entries: Object.fromEntries([...found].map(([name, bounds]) => [name, entryOf(bounds)])), faults };
}

const twice = 'This argument has such a limit already.';

/** Adds a row to what is required of its argument. @returns what is wrong with it; undefined if nothing is */
function addTo(bounds: Bounds, row: TypedLimit, kind: KnownArgument['kind']): string | undefined {
  const { rule, value, optional, empty } = row;
  const fault = rule === 'in' ? addValues(bounds, value, kind) : addBound(bounds, rule, value);
  if (fault) return fault;
  if (optional) bounds.optional = true;
  if (empty) bounds.empty = true;
  return undefined;
}

function addValues(bounds: Bounds, typed: string, kind: KnownArgument['kind']): string | undefined {
  if (bounds.in) return twice;
  const parts = typed.split(',').map((each) => each.trim());
  const values = parts.filter(Boolean).map((each) => readValue(each, kind));
  if (values.length === 0) return 'Write at least one value, or * for every text.';
  const read = values.filter((each) => each !== undefined);
  if (read.length < values.length)
    return kind === 'number' ? 'It takes numbers, such as 1, 2.5.' : 'It takes true or false.';
  bounds.in = read;
  return undefined;
}

function addBound(bounds: Bounds, rule: 'min' | 'max', typed: string): string | undefined {
  const number = numberOf(typed);
  if (number === undefined) return 'Write a number.';
  if (bounds[rule] !== undefined) return twice;
  const min = rule === 'min' ? number : bounds.min;
  const max = rule === 'max' ? number : bounds.max;
  if (min !== undefined && max !== undefined && min > max) return 'No number is at least this and at most that.';
  bounds[rule] = number;
  return undefined;
}

function kindFor(known: readonly KnownArgument[], argument: string): KnownArgument['kind'] {
  const { kind = 'other', elements = 'other' } = known.find(({ key }) => key === argument) ?? {};
  return kind === 'list' ? elements : kind;
}

/** A text, unless the schema says otherwise. */
function readValue(text: string, kind: KnownArgument['kind']): Value | undefined {
  if (kind === 'number') return numberOf(text);
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  return text;
}

/** A number that every program reads alike. */
function numberOf(text: string): number | undefined {
  const number = Number(text.trim());
  const isExact = Number.isSafeInteger(number) || !Number.isInteger(number);
  return text.trim() !== '' && Number.isFinite(number) && isExact ? number : undefined;
}

function entryOf(bounds: Bounds): ArgumentEntry {
  return bounds.in && Object.keys(bounds).length === 1 ? bounds.in : bounds;
}
