import fc from 'fast-check';
import { filterList, membersOfResult, UnreadableList } from '../../../../policy/request/json-list.ts';
import { runs } from '../arbitraries.ts';

const keepAllBut =
  (...gone: unknown[]) =>
  (element: unknown) =>
    !gone.some((value) => Object.is(value, element));
const named = (name: string) => (element: unknown) => (element as { name?: unknown } | null)?.name !== name;

describe('a list without some of its elements', () => {
  test.each<[string, string, (element: unknown) => boolean, string]>([
    ['the first', '{"result":{"l":[1,2,3]}}', keepAllBut(1), '{"result":{"l":[2,3]}}'],
    ['one in the middle', '{"result":{"l":[1,2,3]}}', keepAllBut(2), '{"result":{"l":[1,3]}}'],
    ['the last', '{"result":{"l":[1,2,3]}}', keepAllBut(3), '{"result":{"l":[1,2]}}'],
    ['all', '{"result":{"l":[1,2,3]},"x":[]}', () => false, '{"result":{"l":[]},"x":[]}'],
    ['both of two that are alike', '{"result":{"l":[1,2,1]}}', keepAllBut(1), '{"result":{"l":[2]}}'],
    ['space around it', ' {\t"result" :\n{ "l" :\r[ 1 , 2 ] } } ', keepAllBut(1), ' {\t"result" :\n{ "l" :\r[2] } } '],
    ['an escaped key', '{"r\\u0065sult":{"\\u006c":[1,2]}}', keepAllBut(2), '{"r\\u0065sult":{"\\u006c":[1]}}'],
    [
      'lists of the same name elsewhere',
      '{"l":[1],"result":{"a":{"l":[1]},"l":[{"l":[1]},1]}}',
      keepAllBut(1),
      '{"l":[1],"result":{"a":{"l":[1]},"l":[{"l":[1]}]}}',
    ],
    [
      'brackets in strings',
      '{"result":{"]\\"}":"[{","l":["]}\\"[","\\\\",1]}}',
      keepAllBut(1),
      '{"result":{"]\\"}":"[{","l":["]}\\"[","\\\\"]}}',
    ],
    [
      'odd numbers',
      '{"result":{"l":[1e999,-0,1.10,123456789012345678901,7]}}',
      keepAllBut(7),
      '{"result":{"l":[1e999,-0,1.10,123456789012345678901]}}',
    ],
    [
      'letters of any kind',
      '{"result":{"é":"\u2028","l":["😀","\\ud800",1]}}',
      keepAllBut(1),
      '{"result":{"é":"\u2028","l":["😀","\\ud800"]}}',
    ],
    [
      'a value that is not an object',
      '{"result":{"l":[null,true,false,"a",[],{}]}}',
      keepAllBut(true),
      '{"result":{"l":[null,false,"a",[],{}]}}',
    ],
    [
      'names of JavaScript properties',
      '{"__proto__":{"l":[1]},"result":{"__proto__":[1],"l":[{"__proto__":1},1]}}',
      keepAllBut(1),
      '{"__proto__":{"l":[1]},"result":{"__proto__":[1],"l":[{"__proto__":1}]}}',
    ],
    [
      'empty objects and lists',
      '{"id":{},"a":[],"result":{"b":{},"l":[[],1]}}',
      keepAllBut(1),
      '{"id":{},"a":[],"result":{"b":{},"l":[[]]}}',
    ],
  ])('is otherwise the same text: %s', (_what, text, keep, expected) => {
    expect(filterList(text, 'l', keep).text).toBe(expected);
  });

  test('reports how many there were and how many were removed', () => {
    const text = '{"result":{"l":[{"name":"a"},{"name":"b"},{"name":"a"}]}}';
    expect(filterList(text, 'l', named('a'))).toEqual({ text: '{"result":{"l":[{"name":"b"}]}}', total: 3, hidden: 2 });
  });

  test.each([
    ['no element is removed', '{"result": {"l":[ 1 ,2 ]}}', 2],
    ['the list is empty', '{"result":{"l":[ ]}}', 0],
    ['there is no list', '{"result":{"m":[1]}}', 0],
    ['the value is not a list', '{"result":{"l":{"0":1}}}', 0],
    ['there is no result', '{"l":[1],"error":{}}', 0],
    ['the result is null', '{"result":null}', 0],
    ['the result is text', '{"result":"l"}', 0],
  ])('is exactly the same text when %s', (_what, text, total) => {
    expect(filterList(text, 'l', () => true)).toEqual({ text, total, hidden: 0 });
    if (total === 0) expect(filterList(text, 'l', () => false).text).toBe(text);
  });

  test.each([
    ['not JSON', '{"result":{"l":[1,]}}'],
    ['empty', ''],
    ['behind a byte order mark', '\ufeff{"result":{"l":[1]}}'],
    ['followed by more', '{"result":{"l":[1]}}{}'],
    ['a batch', '[{"result":{"l":[1]}}]'],
    ['text', '"result"'],
    ['null', 'null'],
    ['one with the list twice', '{"result":{"l":[1],"l":[]}}'],
    ['one with the list twice, once as null', '{"result":{"l":[1],"l":null}}'],
    ['one with the list twice, once in escapes', '{"result":{"l":[1],"\\u006c":[2]}}'],
    ['one with the result twice', '{"result":{"l":[1]},"result":{"l":[]}}'],
    ['one with the result twice, once as null', '{"result":{"l":[1]},"result":null}'],
    ['one with another key twice', '{"id":1,"id":2,"result":{"l":[1]}}'],
    ['one with the name of a JavaScript property twice', '{"__proto__":1,"__proto__":2,"result":{"l":[1]}}'],
  ])('cannot be made from a message that is %s', (_what, text) => {
    expect(() => filterList(text, 'l', () => true)).toThrow(UnreadableList);
    expect(() => filterList(text, 'l', () => false)).toThrow(UnreadableList);
  });

  test('is found for any depth and number of its elements', () => {
    const depth = runs(50_000);
    const deep = `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`;
    const text = `{"result":{"x":${deep},"l":[1,${deep},1]}}`;
    expect(filterList(text, 'l', (element) => element !== 1).text).toBe(`{"result":{"x":${deep},"l":[${deep}]}}`);
    const many = Array.from({ length: runs(100_000) }, (_, n) => n);
    expect(filterList(JSON.stringify({ result: { l: many } }), 'l', (n) => Number(n) % 2 === 0).total).toBe(
      many.length,
    );
  });
});

test('A duplicate key below the result is passed on', () => {
  membersOfResult('{"result":{"l":[{"a":1,"a":2}]},"params":{"b":1,"b":2}}');
  membersOfResult('{"result":[{"a":1,"a":2}]}');
  expect(() => membersOfResult('{"result":{"a":1,"b":2,"a":3}}')).toThrow(UnreadableList);
});

// ---- any JSON, printed in any way ----

const space = fc.array(fc.constantFrom(' ', '\n', '\t', '\r'), { maxLength: 2 }).map((parts) => parts.join(''));

/** A JSON string with some characters escaped. */
const printString = (text: string) =>
  fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((escaped) => {
    const unit = (i: number) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return `"${[...text.split('').keys()].map((i) => (escaped[i] || needsEscape(text, i) ? unit(i) : text.charAt(i))).join('')}"`;
  });
const needsEscape = (text: string, i: number) => /["\\\ud800-\udfff]/.test(text.charAt(i)) || text.charCodeAt(i) < 32;

const key = fc.oneof(fc.constantFrom('l', 'result', 'name', '__proto__', '', '"]}'), fc.string({ maxLength: 5 }));
const scalar = fc.oneof(
  fc.constantFrom('1e999', '-0', '1.50', '12345678901234567890', 'true', 'null', '[]', '{}', '[ ]', '{\n}'),
  fc.string({ unit: 'grapheme', maxLength: 8 }).chain(printString),
);
const between = (open: string, close: string, parts: fc.Arbitrary<string[]>) =>
  fc.tuple(parts, space).map(([items, gap]) => `${open}${gap}${items.join(`${gap},${gap}`)}${gap}${close}`);
const objectOf = (value: fc.Arbitrary<string>, maxLength = 3) =>
  between(
    '{',
    '}',
    fc
      .uniqueArray(key, { maxLength })
      .chain((keys) => fc.tuple(...keys.map((name) => fc.tuple(printString(name), space, space, value))))
      .map((all) => all.map(([name, before, after, text]) => `${name}${before}:${after}${text}`)),
  );
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    between('[', ']', fc.array(tie('value'), { maxLength: 3 })),
    objectOf(tie('value')),
  ),
}));

/** `members` before and after one member, in an object. */
const around = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'id', 'll', 'Result'), value), {
  maxLength: 3,
  selector: ([name]) => name,
});
const message = fc.record({
  outer: around,
  inner: around,
  elements: fc.array(fc.tuple(value, space, space), { maxLength: 5 }),
  names: fc.tuple(printString('result'), printString('l')),
  gaps: fc.tuple(space, space, space),
  places: fc.tuple(fc.nat(3), fc.nat(3)),
});

test('From any answer, exactly the hidden elements are removed, and every other character stays', () => {
  fc.assert(
    fc.property(message, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (parts, keeps) => {
      const [before, after, listed] = [...parts.gaps];
      const wrap = (members: readonly (readonly [string, string])[], place: number, name: string, text: string) => {
        const printed = members.map(([other, its]) => `${JSON.stringify(other)}${after}:${before}${its}`);
        return `${before}{${printed.toSpliced(place, 0, `${after}${name}${before}:${after}${text}`).join(`${after},`)}${before}}${after}`;
      };
      const print = (list: string) =>
        wrap(
          parts.outer,
          parts.places[0],
          parts.names[0],
          wrap(parts.inner, parts.places[1], parts.names[1], list).trim(),
        );
      const text = print(`[${listed}${parts.elements.map(([its, a, b]) => `${a}${its}${b}`).join(',')}]`);
      const kept = parts.elements.filter((_, index) => keeps[index]);
      let index = 0;
      const filtered = filterList(text, 'l', () => keeps[index++] ?? true);
      const expected = kept.length === parts.elements.length ? text : print(`[${kept.map(([its]) => its).join(',')}]`);
      expect(filtered).toEqual({
        text: expected,
        total: parts.elements.length,
        hidden: parts.elements.length - kept.length,
      });
      const whole = JSON.parse(text);
      whole.result.l = whole.result.l.filter((_: unknown, at: number) => keeps[at] ?? true);
      expect(JSON.parse(filtered.text)).toEqual(whole);
    }),
    { numRuns: runs(2_000) },
  );
});

test.each([
  ['{"result":', 'it is not valid JSON'],
  ['[{"result":{}}]', 'it is not one JSON-RPC message'],
  ['7', 'it is not one JSON-RPC message'],
])('The error for %j says why it cannot be filtered: %s', (text, why) => {
  expect(() => filterList(text, 'l', () => true)).toThrow(new UnreadableList(why));
});
