import fc from 'fast-check';
import { UnreadableAnswer, usualLimits } from '../../../../common/answers/limits.ts';
import { readMessage } from '../../../../common/answers/message.ts';
import { listOf, withMembers } from '../../../../common/answers/rewrite.ts';

/** The message without the tools that `keep` does not want, and how many there were. */
async function filterList(text: string | Buffer, keep: (element: unknown) => boolean) {
  const message = await readMessage(Buffer.from(text));
  const elements = message.lists.get('tools') ?? [];
  const values = elements.map(({ from, to }) => JSON.parse(message.bytes.toString('utf8', from, to)) as unknown);
  const kept = elements.filter((_, index) => keep(values[index]));
  const pieces = kept.map(({ from, to }) => [message.bytes.subarray(from, to)]);
  const lists = new Map(kept.length < elements.length ? [['tools', listOf(pieces)] as const] : []);
  return { text: String(withMembers(message, lists)), total: elements.length, hidden: elements.length - kept.length };
}

/** As the writer leaves it: line ends outside of strings become spaces, and line separators in strings become escapes. */
const asSent = (text: string) =>
  text
    .replace(/[\r\n]/g, ' ')
    .replace(/[\u0085\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

const keepAllBut =
  (...gone: unknown[]) =>
  (element: unknown) =>
    !gone.some((value) => Object.is(value, element));
const named = (name: string) => (element: unknown) => (element as { name?: unknown } | null)?.name !== name;

describe('a list without some of its elements', () => {
  test.each<[string, string, (element: unknown) => boolean, string]>([
    ['the first', '{"result":{"tools":[1,2,3]}}', keepAllBut(1), '{"result":{"tools":[2,3]}}'],
    ['one in the middle', '{"result":{"tools":[1,2,3]}}', keepAllBut(2), '{"result":{"tools":[1,3]}}'],
    ['the last', '{"result":{"tools":[1,2,3]}}', keepAllBut(3), '{"result":{"tools":[1,2]}}'],
    ['all', '{"result":{"tools":[1,2,3]},"x":[]}', () => false, '{"result":{"tools":[]},"x":[]}'],
    ['both of two that are alike', '{"result":{"tools":[1,2,1]}}', keepAllBut(1), '{"result":{"tools":[2]}}'],
    [
      'space around it',
      ' {\t"result" :\n{ "tools" :\r[ 1 , 2 ] } } ',
      keepAllBut(1),
      ' {\t"result" :\n{ "tools" :\r[2] } } ',
    ],
    ['an escaped key', '{"r\\u0065sult":{"t\\u006fols":[1,2]}}', keepAllBut(2), '{"r\\u0065sult":{"t\\u006fols":[1]}}'],
    [
      'lists of the same name elsewhere',
      '{"tools":[1],"result":{"a":{"tools":[1]},"tools":[{"tools":[1]},1]}}',
      keepAllBut(1),
      '{"tools":[1],"result":{"a":{"tools":[1]},"tools":[{"tools":[1]}]}}',
    ],
    [
      'brackets in strings',
      '{"result":{"]\\"}":"[{","tools":["]}\\"[","\\\\",1]}}',
      keepAllBut(1),
      '{"result":{"]\\"}":"[{","tools":["]}\\"[","\\\\"]}}',
    ],
    [
      'odd numbers',
      '{"result":{"tools":[1e999,-0,1.10,123456789012345678901,7]}}',
      keepAllBut(7),
      '{"result":{"tools":[1e999,-0,1.10,123456789012345678901]}}',
    ],
    [
      'letters of any kind',
      '{"result":{"é":"\u2028","tools":["😀","\\ud800",1]}}',
      keepAllBut(1),
      '{"result":{"é":"\u2028","tools":["😀","\\ud800"]}}',
    ],
    [
      'a value that is not an object',
      '{"result":{"tools":[null,true,false,"a",[],{}]}}',
      keepAllBut(true),
      '{"result":{"tools":[null,false,"a",[],{}]}}',
    ],
    [
      'names of JavaScript properties',
      '{"__proto__":{"tools":[1]},"result":{"__proto__":[1],"tools":[{"__proto__":1},1]}}',
      keepAllBut(1),
      '{"__proto__":{"tools":[1]},"result":{"__proto__":[1],"tools":[{"__proto__":1}]}}',
    ],
    [
      'empty objects and lists',
      '{"id":{},"a":[],"result":{"b":{},"tools":[[],1]}}',
      keepAllBut(1),
      '{"id":{},"a":[],"result":{"b":{},"tools":[[]]}}',
    ],
  ])('is otherwise the same text: %s', async (_what, text, keep, expected) => {
    expect((await filterList(text, keep)).text).toBe(asSent(expected));
  });

  test('reports how many there were and how many were removed', async () => {
    const text = '{"result":{"tools":[{"name":"a"},{"name":"b"},{"name":"a"}]}}';
    expect(await filterList(text, named('a'))).toEqual({
      text: '{"result":{"tools":[{"name":"b"}]}}',
      total: 3,
      hidden: 2,
    });
  });

  test.each([
    ['no element is removed', '{"result": {"tools":[ 1 ,2 ]}}', 2],
    ['the list is empty', '{"result":{"tools":[ ]}}', 0],
    ['there is no list', '{"result":{"m":[1]}}', 0],
    ['the value is not a list', '{"result":{"tools":{"0":1}}}', 0],
    ['there is no result', '{"tools":[1],"error":{}}', 0],
    ['the result is null', '{"result":null}', 0],
    ['the result is text', '{"result":"l"}', 0],
  ])('is exactly the same text when %s', async (_what, text, total) => {
    expect(await filterList(text, () => true)).toEqual({ text, total, hidden: 0 });
    if (total === 0) expect((await filterList(text, () => false)).text).toBe(text);
  });

  test.each([
    ['not JSON', '{"result":{"tools":[1,]}}'],
    ['empty', ''],
    ['behind a byte order mark', '\ufeff{"result":{"tools":[1]}}'],
    ['followed by more', '{"result":{"tools":[1]}}{}'],
    ['a batch', '[{"result":{"tools":[1]}}]'],
    ['text', '"result"'],
    ['null', 'null'],
    ['one with the list twice', '{"result":{"tools":[1],"tools":[]}}'],
    ['one with the list twice, once as null', '{"result":{"tools":[1],"tools":null}}'],
    ['one with the list twice, once in escapes', '{"result":{"tools":[1],"t\\u006fols":[2]}}'],
    ['one with the result twice', '{"result":{"tools":[1]},"result":{"tools":[]}}'],
    ['one with the result twice, once as null', '{"result":{"tools":[1]},"result":null}'],
    ['one with another key twice', '{"id":1,"id":2,"result":{"tools":[1]}}'],
    ['one with a key in another case beside it', '{"result":{"tools":[1],"Tools":[2]}}'],
    ['one with only a key in another case', '{"Result":{"tools":[1]}}'],
    ['one with a key that folds to a known one', '{"re\u017fult":{"tools":[1]}}'],
    ['one with a control character in a string', '{"a":"\u0001","result":{"tools":[1]}}'],
    ['one with an unknown escape', '{"a":"\\x","result":{"tools":[1]}}'],
    ['one with half an escape', '{"a":"\\u12"}'],
    ['one that ends in a string', '{"a'],
    ['one with a number that other parsers read differently', '{"a":01}'],
    ['one with a word that JSON lacks', '{"a":NaN}'],
    ['one with a comma too many', '{"a":1,}'],
    ['one with a bracket of the other kind', '{"a":[1}'],
    ['one with a single quote', "{'a':1}"],
    ['one with a comment', '{"a":1/**/}'],
    ['one with the name of a JavaScript property twice', '{"__proto__":1,"__proto__":2,"result":{"tools":[1]}}'],
  ])('cannot be made from a message that is %s', async (_what, text) => {
    await expect(filterList(text, () => true)).rejects.toThrow(UnreadableAnswer);
    await expect(filterList(text, () => false)).rejects.toThrow(UnreadableAnswer);
  });

  test('may be deep and long up to the limits, and costs no more than its bytes beyond them', async () => {
    const deep = (depth: number) => `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`;
    const text = `{"result":{"x":${deep(40)},"tools":[1,${deep(40)},1]}}`;
    expect((await filterList(text, (element) => element !== 1)).text).toBe(
      `{"result":{"x":${deep(40)},"tools":[${deep(40)}]}}`,
    );
    const many = Array.from({ length: usualLimits.elements }, (_, n) => n);
    const list = (values: readonly number[]) => JSON.stringify({ result: { tools: values } });
    expect((await filterList(list(many), (n) => Number(n) % 2 === 0)).hidden).toBe(many.length / 2);
    await expect(filterList(list([...many, 1]), () => true)).rejects.toThrow('a list of more than 10000 tools');
    await expect(filterList(`{"result":${deep(5_000)}}`, () => true)).rejects.toThrow('more than 100 levels');
    const values = `{"result":{"x":[${'0,'.repeat(usualLimits.values)}0]}}`;
    await expect(filterList(values, () => true)).rejects.toThrow('more than 500000 values');
    const members = Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`key${n}`, n]));
    await expect(filterList(JSON.stringify({ result: members }), () => true)).rejects.toThrow('more than 200 members');
    const bytes = JSON.stringify({ a: 'x'.repeat(usualLimits.bytes) });
    await expect(filterList(bytes, () => true)).rejects.toThrow('more than 8388608 bytes');
  });

  test('gives way to other work while a long message is read', async () => {
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    await readMessage(Buffer.from(`{"result":{"x":[${'"", '.repeat(200_000)}""]}}`), usualLimits, {
      isDue: () => true,
      rest: () => new Promise((resolve) => setTimeout(resolve, 1)),
      wait: (other) => other,
    });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(10);
  });

  test('is not read if it is not UTF-8', async () => {
    await expect(filterList(Buffer.from([0x22, 0xff, 0x22]), () => true)).rejects.toThrow('not UTF-8');
    await expect(filterList(Buffer.from('{"result":{"tools":[1]}}', 'utf16le'), () => true)).rejects.toThrow(
      UnreadableAnswer,
    );
  });
});

test('A duplicate key below the result is passed on', async () => {
  await filterList('{"result":{"tools":[{"a":1,"a":2}]},"params":{"b":1,"b":2}}', () => true);
  await filterList('{"result":[{"a":1,"a":2}]}', () => true);
  await expect(filterList('{"result":{"a":1,"b":2,"a":3}}', () => true)).rejects.toThrow(UnreadableAnswer);
});

test.each([
  ['a request', '{"id":"a","method":"ping"}', { id: { value: 'a', text: '"a"' }, isResponse: false }],
  ['a notification', '{"method":"x"}', { id: undefined, isResponse: false }],
  ['a response', '{"id":7,"result":{}}', { id: { value: 7, text: '7' }, isResponse: true }],
  ['an error', '{"id":null,"error":{}}', { id: undefined, isResponse: true }],
  ['a batch of notifications', '[{"method":"x"},{"method":"y"}]', { id: undefined, isResponse: false }],
])('%s is known by its members', async (_what, text, expected) => {
  expect(await readMessage(Buffer.from(text))).toMatchObject(expected);
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

const key = fc.oneof(fc.constantFrom('tools', 'result', 'name', '__proto__', '', '"]}'), fc.string({ maxLength: 5 }));
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
const around = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'id', 'ttools', 'toolss'), value), {
  maxLength: 3,
  selector: ([name]) => name,
});
const message = fc.record({
  outer: around,
  inner: around,
  elements: fc.array(fc.tuple(value, space, space), { maxLength: 5 }),
  names: fc.tuple(printString('result'), printString('tools')),
  gaps: fc.tuple(space, space, space),
  places: fc.tuple(fc.nat(3), fc.nat(3)),
});

test('From any answer, exactly the hidden elements are removed, and every other character stays', async () => {
  await fc.assert(
    fc.asyncProperty(message, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), async (parts, keeps) => {
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
      const filtered = await filterList(text, () => keeps[index++] ?? true);
      const expected = kept.length === parts.elements.length ? text : print(`[${kept.map(([its]) => its).join(',')}]`);
      expect(filtered).toEqual({
        text: asSent(expected),
        total: parts.elements.length,
        hidden: parts.elements.length - kept.length,
      });
      const whole = JSON.parse(text);
      whole.result.tools = whole.result.tools.filter((_: unknown, at: number) => keeps[at] ?? true);
      expect(JSON.parse(filtered.text)).toEqual(whole);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['{"result":', 'no valid JSON'],
  ['[{"result":{}}]', 'a batch of results'],
  ['7', 'no JSON-RPC message'],
])('The error for %j says why it cannot be read: %s', async (text, why) => {
  await expect(filterList(text, () => true)).rejects.toThrow(new UnreadableAnswer(why));
});

describe('a result with other members', () => {
  const changed = async (text: string, ...changes: [string, string][]) => {
    const pieces = changes.map(([key, value]) => [key, [Buffer.from(value)]] as const);
    return String(withMembers(await readMessage(Buffer.from(text)), new Map(pieces)));
  };

  test.each<[string, string, [string, string][], string]>([
    ['one that it has', '{"result":{"a":1,"b":[2]},"id":1}', [['b', '3']], '{"result":{"a":1,"b":3},"id":1}'],
    ['one that it lacks', '{"result": {"a":1}}', [['b', '3']], '{"result": {"b":3,"a":1}}'],
    [
      'the first ones',
      '{"result":{ }}',
      [
        ['b', '3'],
        ['c', '4'],
      ],
      '{"result":{"b":3,"c":4 }}',
    ],
    [
      'old and new ones',
      '{"result":{"a":1}}',
      [
        ['b', '3'],
        ['a', '2'],
      ],
      '{"result":{"b":3,"a":2}}',
    ],
    ['none, because it is no object', '{"result":[1]}', [['b', '3']], '{"result":[1]}'],
    ['none, because it is an error', '{"error":{"code":1}}', [['b', '3']], '{"error":{"code":1}}'],
  ])('gets %s', async (_what, text, changes, expected) => {
    expect(await changed(text, ...changes)).toBe(expected);
  });
});
