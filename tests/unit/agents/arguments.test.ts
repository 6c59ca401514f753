import { readArguments, typedArguments } from '../../../agents/commands/tool-arguments.ts';
import { CommandError } from '../../../agents/lib/failure.ts';

const schema = {
  type: 'object',
  properties: {
    n: { type: 'integer' },
    x: { type: 'number' },
    b: { type: 'boolean' },
    s: { type: 'string' },
    list: { type: 'array' },
    maybe: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    either: { type: ['integer', 'string'] },
  },
};
const given = (words: string[], json?: string) => typedArguments(readArguments(words, json), schema);

test.each<[string, string[], object]>([
  ['text stays text', ['s=Asia/Tokyo'], { s: 'Asia/Tokyo' }],
  ['text for a number becomes one', ['n=3', 'x=-1.5', 'maybe=7'], { n: 3, x: -1.5, maybe: 7 }],
  ['true and false become booleans', ['b=true'], { b: true }],
  ['lists are JSON', ['list=[1,"2"]'], { list: [1, '2'] }],
  ['a string that looks like a number stays a string', ['s=007'], { s: '007' }],
  ['a value that may be text or a number stays text', ['either=7'], { either: '7' }],
  ['an argument that the schema does not name stays text', ['new=5', 'constructor=5'], { new: '5', constructor: '5' }],
  ['name:=json bypasses the schema', ['s:=5', 'any:={"a":[true]}'], { s: 5, any: { a: [true] } }],
  ['a JSON object as a word', ['{"s":"a","n":2}'], { s: 'a', n: 2 }],
  ['later words override the object', ['{"s":"a"}', 's=b'], { s: 'b' }],
  ['a value may contain any character, including = and line breaks', ['s=a=b\nc'], { s: 'a=b\nc' }],
  ['a value may be empty', ['s='], { s: '' }],
])('Arguments: %s', (_what, words, expected) => {
  expect(given(words)).toEqual(expected);
});

test('--args and words are merged', () => {
  expect(given(['n=1'], '{"s":"a"}')).toEqual({ s: 'a', n: 1 });
});

test('Without a schema (the caller may not list the tools), text stays text', () => {
  expect(typedArguments(readArguments(['n=3'], undefined), undefined)).toEqual({ n: '3' });
});

test.each<[string[], string | undefined, string]>([
  [['Asia/Tokyo'], undefined, '"Asia/Tokyo" is not an argument.'],
  [['n=three'], undefined, 'n must be a whole number, not "three".'],
  [['n=1.5'], undefined, 'n must be a whole number'],
  [['x='], undefined, 'x must be a number'],
  [['b=yes'], undefined, 'b must be true or false.'],
  [['list=1,2'], undefined, 'list must be JSON'],
  [['s:=Tokyo'], undefined, 's must be JSON'],
  [['{"s":'], undefined, 'The arguments must be one JSON object'],
  [[], '[1]', '--args must be one JSON object'],
  [[], 'null', '--args must be one JSON object'],
])('%j with --args %s is rejected: %s', (words, json, message) => {
  const failure = (() => {
    try {
      return given(words, json);
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toBeInstanceOf(CommandError);
  expect(failure).toMatchObject({ exitCode: 2, message: expect.stringContaining(message) });
});
