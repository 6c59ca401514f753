import { limitsOf } from '../../../../../../registry/pages/access/give/limits.ts';
import { knownArguments } from '../../../../../../registry/pages/access/give/schema.ts';
import { emptyLimit, type TypedLimit } from '../../../../../../registry/pages/access/give/values.ts';

const known = knownArguments({
  type: 'object',
  required: ['repo'],
  properties: {
    repo: { type: 'string' },
    '/odd': { type: 'string' },
    count: { type: 'integer' },
    force: { type: 'boolean' },
    labels: { type: 'array', items: { type: 'string', enum: ['bug', 'question'] } },
    options: {
      type: 'object',
      properties: { 'a/b': { type: 'number' }, deep: { properties: { x: { type: 'string' } } } },
    },
  },
});
const row = (argument: string, value: string, more: Partial<TypedLimit> = {}) => ({
  ...emptyLimit,
  argument,
  value,
  ...more,
});

test('The arguments of a schema are named as the policy file names them, those inside of objects after them', () => {
  expect(known.map(({ key, kind }) => [key, kind])).toEqual([
    ['repo', 'text'],
    ['/~1odd', 'text'],
    ['count', 'number'],
    ['force', 'boolean'],
    ['labels', 'list'],
    ['/options/a~1b', 'number'],
    ['/options/deep/x', 'text'],
  ]);
});

test.each<[string, TypedLimit[], object]>([
  ['texts and globs', [row('repo', 'acme/*, other ,')], { repo: ['acme/*', 'other'] }],
  ['whole numbers', [row('count', '1, 2')], { count: [1, 2] }],
  ['a text of digits, where the schema wants texts', [row('repo', '1')], { repo: ['1'] }],
  ['true and false', [row('force', 'false')], { force: [false] }],
  [
    'elements of a list, which may be empty',
    [row('labels', 'bug', { empty: true })],
    { labels: { in: ['bug'], empty: true } },
  ],
  [
    'two bounds and a missing argument',
    [row('count', '1', { rule: 'min' }), row('count', '100', { rule: 'max', optional: true })],
    { count: { min: 1, max: 100, optional: true } },
  ],
  [
    'an argument inside of an object',
    [row('/options/a~1b', '1.5', { rule: 'max' })],
    { '/options/a~1b': { max: 1.5 } },
  ],
  ['an argument that the schema does not name', [row('other', 'x')], { other: ['x'] }],
])('A limit of %s is written as the policy file has it', (_what, rows, entries) => {
  expect(limitsOf(rows, known)).toEqual({ entries, faults: new Map() });
});

test.each<[string, TypedLimit[], string]>([
  ['no argument', [row('', 'x')], 'Name the argument.'],
  ['no value', [row('repo', ' , ')], 'Write at least one value, or * for every text.'],
  ['a word for a number', [row('count', 'many')], 'It takes numbers, such as 1, 2.5.'],
  [
    'a number that not all programs read alike',
    [row('count', '9007199254740993')],
    'It takes numbers, such as 1, 2.5.',
  ],
  ['a word for true or false', [row('force', 'yes')], 'It takes true or false.'],
  ['a bound that is no number', [row('count', '', { rule: 'min' })], 'Write a number.'],
  ['an endless bound', [row('count', '1e999', { rule: 'max' })], 'Write a number.'],
])('A limit with %s is a fault at its row', (_what, rows, fault) => {
  expect(limitsOf(rows, known).faults).toEqual(new Map([[0, fault]]));
});

test('A second limit of the same kind, and bounds that no number meets, are faults at the second row', () => {
  const twice = limitsOf([row('repo', 'a'), row('repo', 'b')], known);
  expect(twice.faults).toEqual(new Map([[1, 'This argument has such a limit already.']]));
  const apart = limitsOf([row('count', '5', { rule: 'min' }), row('count', '4', { rule: 'max' })], known);
  expect(apart.faults).toEqual(new Map([[1, 'No number is at least this and at most that.']]));
});

test('A schema that a hostile server writes gives no more than sixty arguments, and no fault', () => {
  const properties = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`a${i}`, { type: ['x', 1, null] }]));
  expect(knownArguments({ properties })).toHaveLength(60);
  const deep: { properties: object } = { properties: {} };
  Object.assign(deep.properties, { self: deep });
  expect(knownArguments(deep as never).length).toBeLessThan(10);
  for (const odd of [null, { properties: 1 }, { properties: { a: null, b: [], c: 'x' } }, { required: 'x' }])
    expect(knownArguments(odd as never).length).toBeLessThan(4);
});
