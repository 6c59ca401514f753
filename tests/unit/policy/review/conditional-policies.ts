import fc from 'fast-check';
import { parse, stringify } from 'yaml';

/** Times at which something ends, and one between each two of them. */
const ends = ['2030-01-01T00:00:00Z', '2031-01-01T00:00:00Z'];
export const times = ['2029-06-01T00:00:00Z', '2030-06-01T00:00:00Z', '2031-06-01T00:00:00Z'].map(Date.parse);

const values = fc.uniqueArray(
  fc.constantFrom('a', 'b', 'acme/x', 'acme/*', 'ac*', 'db://q?*', 'db://*', '*', 1, 2, true),
  {
    minLength: 1,
    maxLength: 3,
  },
);
const argument = fc.oneof(
  values,
  fc.record({ in: values, optional: fc.boolean(), empty: fc.boolean() }, { requiredKeys: ['in'] }),
  fc.constantFrom(
    { min: 1 },
    { max: 2 },
    { min: 1, max: 2 },
    { min: 0, max: 100, optional: true },
    { any: true },
    { any: true, optional: true },
  ),
);
const approve = fc.constantFrom('person', { groups: ['ops'] }, { groups: ['ops', 'sec'] });
const names = fc.uniqueArray(fc.constantFrom('repo', 'n', 'o', '/o/x', '/o/y'), { minLength: 1, maxLength: 2 });
const named = fc
  .tuple(names, fc.array(argument, { minLength: 2, maxLength: 2 }))
  .map(([keys, rules]) => Object.fromEntries(keys.map((key, i) => [key, rules[i]])));
const until = fc.constantFrom(...ends);
const rarely = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });

const entry = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('get', 'set', '*') },
  {
    weight: 4,
    arbitrary: fc.record({
      name: fc.constantFrom('get', 'set', 'get*', '*'),
      arguments: named,
      only: rarely(fc.constant(true)),
      approve: rarely(approve),
      until: rarely(until),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      name: fc.constantFrom('get', '*'),
      only: rarely(fc.constant(true)),
      approve,
      until: rarely(until),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ hint: fc.constant('read-only'), approve: rarely(approve), until: rarely(until) }),
  },
);
const rule = fc.record({
  server: fc.constantFrom('s', '*'),
  methods: fc.constantFrom(['tools/call'], ['tools/list', 'tools/call'], ['tools/list']),
  tools: fc.array(entry, { minLength: 1, maxLength: 3 }),
  until: rarely(until),
});

/** Texts of small policies in which rules have conditions of all kinds: the scope s is of the group g. */
export const conditionalPolicy = fc
  .array(rule, { minLength: 1, maxLength: 2 })
  // What is undefined is not there.
  .map((rules) => stringify(JSON.parse(JSON.stringify({ group_mappings: { g: ['s'], ops: [], sec: [] }, s: rules }))));

const pool = [
  'a',
  'b',
  'acme/x',
  'acme/zz',
  'acme/../x',
  'acz',
  'zz',
  '',
  'db://q?x&y',
  'db://z',
  1,
  2,
  1.5,
  0,
  50,
  101,
  true,
  false,
  null,
];
const listed = fc.array(fc.constantFrom<unknown>(...pool), { maxLength: 4 });
const value = fc.oneof(fc.constantFrom<unknown>(...pool), listed, fc.constant([[null]]), fc.constant({ z: 1 }));
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** Arguments of calls, most of them such as these policies judge. */
export const anyCall: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    repo: sometimes(value),
    n: sometimes(value),
    o: sometimes(fc.oneof(value, fc.record({ x: sometimes(value), y: sometimes(value), z: sometimes(value) }))),
    other: sometimes(value),
  })
  .map((call) => JSON.parse(JSON.stringify(call)));

interface Entry {
  arguments?: Record<string, { in?: unknown[]; min?: number; max?: number; any?: true; optional?: true; empty?: true }>;
}
type File = { s: { tools: (string | Entry)[] }[] };

/** The same policy with rules, entries, arguments and values in another order. */
export function shuffled(text: string): string {
  const file = parse(text) as File;
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed).reverse();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, each]) => [key, reversed(each)]),
    );
  };
  return stringify({ ...file, s: reversed(file.s) });
}

const fresh: Record<string, string[]> = {
  'acme/*': ['acme/q'],
  'ac*': ['acq'],
  'db://q?*': ['db://q?x', 'db://q?x&y'],
  'db://*': ['db://x', 'db://x/y'],
  '*': ['q'],
};

/** Calls that tell the entries of a policy apart: at the limits of what each allows. */
export function tellingCalls(text: string): Record<string, unknown>[] {
  const entries = (parse(text) as File).s.flatMap(({ tools }) => tools);
  const named = entries.flatMap((entry) => (typeof entry === 'string' || !entry.arguments ? [] : [entry.arguments]));
  return [{}, ...named].flatMap((rules) => {
    let calls: Record<string, unknown>[] = [{ other: null }, {}];
    for (const name of ['o', 'repo', 'n', '/o/x', '/o/y']) {
      const rule = rules[name];
      const may: unknown[] = rule ? valuesOf(Array.isArray(rule) ? { in: rule } : rule) : [null, undefined];
      calls = calls.flatMap((call) => may.map((each) => (each === undefined ? call : put(call, name, each))));
    }
    return calls.flatMap(({ o, ...call }) => [{ o, ...call }, call, { o: {}, ...call }, { o: null, ...call }]);
  });
}

function valuesOf({ in: list, min, max, optional, empty }: NonNullable<Entry['arguments']>[string]): unknown[] {
  const range = [min ?? -9e15, max ?? 9e15, ((min ?? -99) + (max ?? 99)) / 2 + 0.1];
  const isRange = min !== undefined || max !== undefined;
  const full = list ? list.flatMap((each) => fresh[String(each)] ?? [each]) : isRange ? range : null;
  return [full, ...(optional ? [undefined] : []), ...(empty ? [[]] : [])];
}

function put(call: Record<string, unknown>, name: string, value: unknown): Record<string, unknown> {
  if (!name.startsWith('/')) return { ...call, [name]: value };
  return { ...call, o: { ...(call.o as object), [name.slice(3)]: value } };
}
