import fc from 'fast-check';
import type { PolicySource, Rule } from '../../../policy/policy.ts';
import type { Access } from '../../../policy/request/mcp-request.ts';
import { lifecycle, methods, type ObjectKind } from '../../../policy/request/methods.ts';
import { plainUris, trickyUris } from './reference.ts';

/** Mutation tests (`npm run mutate`) run the tests for each mutant, and a few cases find a broken policy too. */
const mutating = process.env.STRYKER_MUTATOR_WORKER !== undefined;

/** One of how many cases is tried. It is 10 in `npm run check`, which is to be quick, and 1 in `npm test`. */
export const share = mutating ? 50 : Number(process.env.ONE_CASE_OF ?? 1);

/** How many cases of a property to try. Of some hundred, `npm run check` tries all. */
export const runs = (full: number) => (mutating || full >= 1_000 ? Math.ceil(full / share) : full);

// Few names, many of them prefixes of each other and some with a meaning in JavaScript, so that rules collide.
const serverNames = ['a', 'ab', 'abc', 'b', 'all', '__proto__'];
const objectNames = ['get', 'get_', 'get_time', 'get_tide', 'set', 'all', 'constructor', '*', ''];
const strangeMethods = ['tools/made-up', 'tasks/gets', 'Tools/call', '__proto__', ''];
const scopeNames = ['s', 't', 'u', 'constructor'];

const list = (...values: string[]) => fc.subarray(values, { maxLength: 3 });
const rule = fc.record({
  server: fc.constantFrom(...serverNames, '*', 'a*', 'ab*', 'c*'),
  methods: list(...methods.keys(), '*', 'all', 'tools/*', 'resources/*', 'r*', 'ping', 'tools/made-up', 'tasks/*'),
  tools: list('get', 'get_*', 'get_t*', 'get_time', 'set*', '*', 'all', 'constructor'),
  prompts: list('get', 'get_*', 'set', '*', 'all'),
  resources: list('*', 'all', 'file:///data/*', 'file:///*', 'http://*', ...plainUris, ...trickyUris.filter(Boolean)),
});

/** Policies of up to four scopes with up to four rules each. */
export const policySource: fc.Arbitrary<PolicySource> = fc
  .array(fc.array(rule, { maxLength: 4 }), { minLength: 1, maxLength: scopeNames.length })
  .map((all) => ({
    groups: new Map(),
    ui: new Map(),
    limits: [],
    scopes: new Map(
      all.map((rules, i) => {
        const scope = scopeNames[i] ?? 's';
        return [scope, rules.map((r, at): Rule => ({ at: `${scope}[${at}]`, toolRules: [], ...r }))];
      }),
    ),
  }));

/** The scopes that a caller holds: some that the policy defines, and some unknown ones. */
export const heldScopes = fc.subarray([...scopeNames, 'openid', '__proto__']);
export const server = fc.constantFrom(...serverNames, 'c', '');

const object = fc.oneof(
  fc.record({ kind: fc.constantFrom<ObjectKind>('tool', 'prompt'), name: fc.constantFrom(...objectNames) }),
  fc.record({ kind: fc.constant<ObjectKind>('resource'), name: fc.constantFrom(...plainUris, ...trickyUris) }),
);
const naming = [...methods].filter(([, kinds]) => kinds.length > 0).map(([method]) => method);
const access: fc.Arbitrary<Access> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ method: fc.constantFrom(...naming), object }) },
  { weight: 1, arbitrary: fc.record({ method: fc.constantFrom(...methods.keys()), object }) },
  {
    weight: 3,
    arbitrary: fc.record({ method: fc.constantFrom(...methods.keys(), ...lifecycle, ...strangeMethods) }),
  },
);
/** The accesses that one request needs. */
export const accesses: fc.Arbitrary<[Access, ...Access[]]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(access) },
  { weight: 1, arbitrary: fc.tuple(access, access) },
);

// ---- JSON as text, some of it invalid ----

const jsonAtom = fc.constantFrom(
  ...['0', '-0', '01', '1.5', '1.', '1e5', '1E+400', '-1e999', 'true', 'null', 'NaN', "'a'", '', '"a:b"', '"\\""'],
  ...['"\\u0061"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\ude00\\ud83d"', '"😀"', '"\t"', '"\\x"', '"\\\\"', '"\u2028"'],
);
const jsonKey = fc.constantFrom('"a"', '"\\u0061"', '"b"', '"a:"', '"__proto__"', '"\\udc00"', '""');
const blank = fc.constantFrom('', '', '', '', ' ', '\n\t\r', '\u00a0', '\ufeff');
const goodBlank = fc.constantFrom('', ' ', '\n');
const atomThatIsGood = fc.constantFrom('0', '-0', '1.5', '1e5', 'true', 'null', '"a:b"', '"\\""', '"\\\\"', '"😀"');

/** JSON texts: objects with many duplicate keys, numbers and strings at the limits of JSON, deep nesting. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 6, arbitrary: atomThatIsGood },
    { weight: 1, arbitrary: jsonAtom },
    { weight: 3, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join()}]`) },
    {
      weight: 4,
      arbitrary: fc
        .array(fc.tuple(jsonKey, goodBlank, tie('value')), { maxLength: 3 })
        .map((pairs) => `{${pairs.map(([key, space, value]) => `${space}${key}${space}:${value}`).join()}}`),
    },
  ),
})).value;

/** Wraps a text: in white space of all sorts, or in so many lists that the depth limit is near. */
export const wrapping: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.tuple(blank, blank).map(
    ([before, after]) =>
      (text: string) =>
        `${before}${text}${after}`,
  ),
  fc.integer({ min: 60, max: 66 }).map((n) => (text: string) => `${'['.repeat(n)}${text}${']'.repeat(n)}`),
);

/** Up to two bytes removed, replaced or inserted, anywhere. */
export const byteEdits: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .array(
    fc.record({
      place: fc.double({ min: 0, max: 1, noNaN: true }),
      removed: fc.constantFrom(0, 1),
      bytes: fc.oneof(
        fc.constantFrom<number[]>([], [0x22], [0x3a], [0x2c], [0x7d], [0x5c], [0x00], [0xef, 0xbb, 0xbf], [0xc0, 0xaf]),
        fc.tuple(fc.integer({ min: 0, max: 255 })),
      ),
    }),
    { maxLength: 2 },
  )
  .map((edits) => (bytes: Uint8Array) => {
    let edited = [...bytes];
    for (const { place, removed, bytes: added } of edits) {
      edited = edited.toSpliced(Math.floor(place * edited.length), removed, ...added);
    }
    return Uint8Array.from(edited);
  });
