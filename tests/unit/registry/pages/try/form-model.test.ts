import { formOf } from '../../../../../registry/pages/try/form-model.ts';
import { bounds, type FormPart } from '../../../../../registry/pages/try/form-part.ts';
import type { JsonObject } from '../../../../../registry/servers/definition.ts';

/** The kind of a part in one word, and what is inside. */
function brief(part: FormPart): unknown {
  const sign = part.nullable ? '?' : '';
  if (part.kind === 'object')
    return Object.fromEntries(part.fields.map((f) => [f.required ? `${f.name}!` : f.name, brief(f.part)]));
  if (part.kind === 'list') return [brief(part.item)];
  if (part.kind === 'either') return { either: part.options.map(({ label, part }) => [label, brief(part)]) };
  if (part.kind === 'choice') return part.labels.join('|') + sign;
  if (part.kind === 'number') return (part.whole ? 'integer' : 'number') + sign;
  if (part.kind === 'text') return (part.concealed ? 'secret' : part.long ? 'long text' : 'text') + sign;
  return part.kind === 'fixed' ? `=${part.label}${sign}` : part.kind + sign;
}

/** The form of one property. */
const formOfOne = (property: unknown, more: JsonObject = {}) => {
  const form = formOf({ type: 'object', properties: { a: property }, ...more });
  const [field] = form.kind === 'object' ? form.fields : [];
  if (!field) throw new Error('there is no field');
  return field.part;
};

const cases: [string, unknown, unknown][] = [
  ['a text', { type: 'string' }, 'long text'],
  ['a short text', { type: 'string', maxLength: 50 }, 'text'],
  ['a text of a format', { type: 'string', format: 'date-time' }, 'text'],
  ['a password', { type: 'string', format: 'password' }, 'secret'],
  ['what is only written', { type: 'string', writeOnly: true }, 'secret'],
  ['a number', { type: 'number' }, 'number'],
  ['a whole number', { type: 'integer', minimum: 1 }, 'integer'],
  ['a boolean', { type: 'boolean' }, 'boolean'],
  ['null', { type: 'null' }, '=null'],
  ['an enumeration', { enum: ['low', 'high', 3, null] }, 'low|high|3|null'],
  ['an enumeration with an empty text', { type: 'string', enum: ['', 'x'] }, '""|x'],
  ['an empty enumeration', { type: 'string', enum: [] }, 'long text'],
  ['names for constants', { oneOf: [{ const: 1, title: 'low' }, { const: 2 }] }, '1: low|2'],
  ['a constant', { const: { a: 1 } }, '={"a":1}'],
  ['a text or null, by types', { type: ['string', 'null'] }, 'long text?'],
  ['a number or null, by alternatives', { anyOf: [{ type: 'integer' }, { type: 'null' }] }, 'integer?'],
  [
    'several types',
    { type: ['string', 'integer'] },
    {
      either: [
        ['string', 'long text'],
        ['integer', 'integer'],
      ],
    },
  ],
  [
    'alternatives with titles',
    {
      oneOf: [
        { title: 'By id', type: 'integer' },
        { type: 'object', properties: { q: { type: 'boolean' } } },
      ],
    },
    {
      either: [
        ['By id', 'integer'],
        ['object', { q: 'boolean' }],
      ],
    },
  ],
  [
    'alternatives beside properties',
    { properties: { k: { type: 'boolean' } }, oneOf: [{ properties: { x: { const: 1 } } }, { properties: { y: {} } }] },
    {
      either: [
        ['alternative 1', { k: 'boolean', x: '=1' }],
        ['alternative 2', { k: 'boolean', y: 'json' }],
      ],
    },
  ],
  [
    'alternatives that only require',
    { properties: { id: { type: 'integer' } }, anyOf: [{ required: ['id'] }, { required: [] }] },
    { id: 'integer' },
  ],
  ['a list', { type: 'array', items: { type: 'integer' } }, ['integer']],
  ['a list of lists', { type: 'array', items: { items: { enum: ['x'] } } }, [['x']]],
  ['a list of anything', { type: 'array' }, 'json'],
  ['a tuple', { type: 'array', prefixItems: [{ type: 'string' }] }, 'json'],
  ['an object', { properties: { b: { type: 'boolean' }, c: {} }, required: ['c'] }, { 'c!': 'json', b: 'boolean' }],
  ['an object that requires what it does not describe', { type: 'object', required: ['x'] }, { 'x!': 'json' }],
  ['an object with any keys', { type: 'object', additionalProperties: { type: 'string' } }, 'json'],
  ['a map beside nothing', { patternProperties: { x: {} } }, 'json'],
  ['allOf', { allOf: [{ properties: { a: { type: 'boolean' } } }, { required: ['a'] }] }, { 'a!': 'boolean' }],
  ['a schema without a type', { pattern: '^a' }, 'long text'],
  ['a schema that says nothing', {}, 'json'],
  ['true', true, 'json'],
  ['false', false, 'json'],
  ['no schema', 7, 'json'],
  ['an unknown type', { type: 'date' }, 'json'],
  ['keywords of Object.prototype', { type: 'constructor', enum: 'x' }, 'json'],
  ['a reference into nothing', { $ref: '#/$defs/none' }, 'json'],
  ['a reference to another document', { $ref: 'https://evil.example/schema.json' }, 'json'],
  ['a reference by the way that led here', { $dynamicRef: '#x', type: 'string' }, 'json'],
  ['alternatives that are all null', { anyOf: [{ type: 'null' }, { type: 'null' }] }, '=null'],
  ['too many alternatives', { oneOf: Array(13).fill({ type: 'string' }) }, 'json'],
  ['many texts to choose from', { enum: Array.from({ length: 101 }, (_, i) => `v${i}`) }, 'text'],
  ['a very long value to choose', { enum: [{ a: 'x'.repeat(500) }] }, 'json'],
  ['a very long constant', { const: 'x'.repeat(500) }, 'json'],
];

test.each(cases)('The form shows %s', (_what, property, expected) => {
  expect(brief(formOfOne(property))).toEqual(expected);
});

test('References are followed with what stands beside them, and end in JSON where they lead in a circle', () => {
  const $defs = {
    'a/b~c d': { type: 'string', enum: ['x', 'y'] },
    tree: { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/tree' } } } },
    loop: { $ref: '#/$defs/loop' },
    nest: { anyOf: [{ $ref: '#/$defs/nest' }] },
  };
  const one = (property: unknown) => formOfOne(property, { $defs });
  const color = one({ $ref: '#/$defs/a~1b~0c%20d', description: 'Which one' });
  expect([brief(color), color.description]).toEqual(['x|y', 'Which one']);
  expect(JSON.stringify(brief(one({ $ref: '#/$defs/tree' })))).toBe(
    '{"children":[{"children":[{"children":["json"]}]}]}',
  );
  expect(brief(one({ $ref: '#/$defs/loop' }))).toBe('json');
  expect(brief(one({ $ref: '#/$defs/nest' }))).toBe('json');
});

test('A default, a pattern and limits are shown, never a value of the form', () => {
  const part = formOfOne({ type: 'string', default: 'rm -rf /', pattern: '(a+)+$', minLength: 2 });
  expect(part.hints).toEqual(['default: "rm -rf /"', 'pattern: "(a+)+$"', 'minLength: 2']);
  expect(Object.keys(part).sort()).toEqual(['concealed', 'description', 'hints', 'kind', 'long', 'nullable']);
});

test('Hidden characters in names, texts, values and hints are spelled out, and the name that is sent is the real one', () => {
  const sly = 'pay\u200bload';
  const form = formOf({ properties: { [sly]: { enum: [sly], description: sly, default: sly } } });
  const [field] = form.kind === 'object' ? form.fields : [];
  expect(field).toMatchObject({ name: sly, label: 'pay\\u{200b}load' });
  expect(field?.part).toMatchObject({ values: [sly], labels: ['pay\\u{200b}load'], description: 'pay\\u{200b}load' });
  expect(field?.part.hints).toEqual(['default: "pay\\u{200b}load"']);
});

test.each([
  ['no schema', null, 'json'],
  ['no properties', { type: 'object' }, {}],
  ['no properties, and no others', { type: 'object', properties: {}, additionalProperties: false }, {}],
  ['any properties', { type: 'object', additionalProperties: true }, 'json'],
  [
    'a property called __proto__',
    JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'),
    { ['__proto__']: 'long text' },
  ],
])('A tool with %s', (_what, schema, expected) => {
  expect(JSON.stringify(brief(formOf(schema)))).toBe(JSON.stringify(expected));
});

const nested = (depth: number): JsonObject =>
  depth === 0 ? { type: 'string' } : { type: 'object', properties: { a: nested(depth - 1) } };
const wide = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, { type: 'string' }]));
const bomb = (): JsonObject => {
  const $defs = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [
      `d${i}`,
      { type: 'object', properties: { a: { $ref: `#/$defs/d${i + 1}` }, b: { $ref: `#/$defs/d${i + 1}` } } },
    ]),
  );
  return { $defs, properties: { a: { $ref: '#/$defs/d0' } } };
};

test.each<[string, JsonObject]>([
  ['a thousand levels', nested(1_000)],
  ['two thousand properties', { properties: wide(2_000) }],
  [
    'objects of a hundred properties',
    { properties: Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`o${i}`, { properties: wide(99) }])) },
  ],
  ['references that double at each level', bomb()],
  [
    'long texts',
    {
      properties: Object.fromEntries(
        Array.from({ length: 99 }, (_, i) => [`t${i}`, { type: 'string', description: '\u200b'.repeat(60_000) }]),
      ),
    },
  ],
  [
    'long enumerations',
    {
      properties: Object.fromEntries(
        Array.from({ length: 99 }, (_, i) => [
          `e${i}`,
          { enum: Array.from({ length: 100 }, (_, j) => `${j}`.repeat(60)) },
        ]),
      ),
    },
  ],
  ['a name of 60 kB', { properties: { ['x'.repeat(60_000)]: {} } }],
  [
    'alternatives of alternatives',
    {
      properties: {
        a: [1, 2, 3, 4, 5, 6].reduce<JsonObject>((inner) => ({ oneOf: Array(12).fill(inner) }), { type: 'string' }),
      },
    },
  ],
])('The form for a hostile schema stays small: %s', (_what, schema) => {
  const form = formOf(schema);
  expect(JSON.stringify(form).length).toBeLessThan(250_000);
  let parts = 0;
  const count = (part: FormPart, depth: number): void => {
    parts += 1;
    expect(depth).toBeLessThanOrEqual(bounds.depth + 1);
    if (part.kind === 'object') for (const field of part.fields) count(field.part, depth + 1);
    if (part.kind === 'list') count(part.item, depth + 1);
    if (part.kind === 'either') for (const option of part.options) count(option.part, depth + 1);
  };
  count(form, 0);
  expect(parts).toBeLessThan(bounds.parts * 3);
});
