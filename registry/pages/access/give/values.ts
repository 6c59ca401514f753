import { numberIn } from '../shared/numbers.ts';

/** What an argument's limit says: one of some values, or a bound of a number. */
const limitRules = ['in', 'min', 'max'] as const;
type LimitRule = (typeof limitRules)[number];

/** One row of a tool's limits, exactly as typed. */
export interface TypedLimit {
  argument: string;
  rule: LimitRule;
  value: string;
  /** A call without the argument is allowed. */
  optional: boolean;
  /** An empty list is allowed. */
  empty: boolean;
}

export const emptyLimit: TypedLimit = { argument: '', rule: 'in', value: '', optional: false, empty: false };

/** How long the access lasts in days; empty for until it is taken away. */
const spans = ['7', '30', '90', ''] as const;

/** The input of the form that gives access, exactly as typed and chosen. */
export interface Values {
  server: string;
  /** `group:` or `agent:` and a name; empty while none is chosen. */
  to: string;
  /** Names of tools. */
  tools: ReadonlySet<string>;
  /** Names and patterns of other tools, as typed. */
  more: string;
  /** All tools, later ones included. */
  all: boolean;
  /** All tools that only read by their approved definition, later ones included. */
  hint: boolean;
  limits: ReadonlyMap<string, readonly TypedLimit[]>;
  /** Tools that take no other arguments than those with a limit. */
  only: ReadonlySet<string>;
  /** Tools whose calls a person approves. */
  held: ReadonlySet<string>;
  /** The group that approves held calls; empty for the person who calls. */
  approver: string;
  prompts: boolean;
  resources: boolean;
  days: (typeof spans)[number];
  /** From when the days count: milliseconds since 1970. The form keeps it, so that the end stays while one looks at it. */
  asOf: number;
  why: string;
  /** The number of the version of the policy that the form was made from; 0 where versions have none. */
  base: number;
  /** The request for access that this answers; empty for none. */
  request: string;
}

/** What a form brings at most: its body is bounded as well. */
const mostTools = 1_000;
export const mostLimits = 12;
const longestName = 256;
const oneDay = 86_400_000;

const limitField = /^limit (\S{1,128}) (\d{1,2}) (argument|rule|value|optional|empty)$/;

/**
 * The input of a form that was sent.
 * @param now milliseconds since 1970. A form that is older than a day counts its days from now
 */
export function valuesIn(form: URLSearchParams, now: number): Values {
  const typed = (field: string) => (form.get(field) ?? '').slice(0, 2_000);
  const names = (field: string) => new Set(form.getAll(field).slice(0, mostTools));
  const name = (field: string) => typed(field).slice(0, longestName);
  const asOf = Number(typed('asOf'));
  const other = typed('to') === 'other' ? name('other') : name('to');
  return {
    ...{
      server: name('server'),
      to: other,
      tools: names('tool'),
      more: typed('more'),
      all: form.has('all'),
      hint: form.has('hint'),
    },
    ...{ limits: limitsIn(form), only: names('only'), held: names('held'), approver: name('approver') },
    ...{ prompts: form.has('prompts'), resources: form.has('resources') },
    days: spans.find((each) => each === form.get('days')) ?? '',
    asOf: asOf > now - oneDay && asOf <= now ? asOf : now,
    ...{ why: typed('why'), base: numberIn(typed('base')), request: name('request') },
  };
}

function limitsIn(form: URLSearchParams): Map<string, TypedLimit[]> {
  const found = new Map<string, Map<number, TypedLimit>>();
  for (const [field, value] of form) {
    const [, tool = '', row = '', part = ''] = limitField.exec(field) ?? [];
    if (part === '' || Number(row) >= mostLimits) continue;
    if (!found.has(tool) && found.size >= mostTools) continue;
    const rows = found.get(tool) ?? new Map<number, TypedLimit>();
    const limit = rows.get(Number(row)) ?? emptyLimit;
    rows.set(Number(row), { ...limit, ...partOf(part, value.slice(0, 2_000)) });
    found.set(tool, rows);
  }
  return new Map([...found].map(([tool, rows]) => [tool, [...rows].sort(([a], [b]) => a - b).map(([, row]) => row)]));
}

function partOf(part: string, value: string): Partial<TypedLimit> {
  if (part === 'rule') return { rule: limitRules.find((rule) => rule === value) ?? 'in' };
  if (part === 'optional' || part === 'empty') return { [part]: true };
  return { [part]: value };
}

/**
 * The form after one of its buttons that only change the form: `limit <tool>`, `unlimit <tool> <row>`, `reads`, `none`.
 * @param reads the tools that only read
 */
export function pressed(values: Values, button: string, reads: readonly string[]): Values {
  const [verb = '', tool = '', row = ''] = button.split(' ');
  const { limits } = values;
  if (verb === 'reads') return { ...values, tools: new Set(reads), all: false };
  if (verb === 'none') return { ...values, tools: new Set(), more: '', all: false, hint: false };
  const rows = limits.get(tool) ?? [];
  if (verb === 'limit' && rows.length < mostLimits)
    return {
      ...values,
      tools: new Set([...values.tools, tool]),
      limits: new Map([...limits, [tool, [...rows, emptyLimit]]]),
    };
  if (verb === 'unlimit')
    return { ...values, limits: new Map([...limits, [tool, rows.filter((_, i) => String(i) !== row)]]) };
  return values;
}

/** A form without a choice. */
export const emptyValues: Values = {
  ...{ server: '', to: '', tools: new Set(), more: '', all: false, hint: false, limits: new Map() },
  ...{ only: new Set(), held: new Set(), approver: '', prompts: false, resources: false },
  ...{ days: '', asOf: 0, why: '', base: 0, request: '' },
};
