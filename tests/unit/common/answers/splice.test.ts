import { type Edit, locate, splice } from '../../../../common/answers/rewrite.ts';

const spliced = (json: string, ...edits: Edit[]) => String(splice(Buffer.from(json), edits));

describe('a JSON text with other values', () => {
  test.each<[string, string, Edit[], string]>([
    ['a value', '{"id":1,"n":1.0}', [{ path: ['id'], json: '"x"' }], '{"id":"x","n":1.0}'],
    [
      'every other byte stays',
      ' { "id" : 1 ,\n"a":12345678901234567890, "e":1e400,"s":"\\u00e9é" } ',
      [{ path: ['id'], json: '2' }],
      ' { "id" : 2 ,\n"a":12345678901234567890, "e":1e400,"s":"\\u00e9é" } ',
    ],
    [
      'three levels',
      '{"a":{"b":{"c":[1],"d":2}}}',
      [{ path: ['a', 'b', 'c'], json: '{}' }],
      '{"a":{"b":{"c":{},"d":2}}}',
    ],
    [
      'an escaped key',
      '{"par\\u0061ms":{"name":"a"}}',
      [{ path: ['params', 'name'], json: '"b"' }],
      '{"par\\u0061ms":{"name":"b"}}',
    ],
    ['a new member', '{"a":1}', [{ path: ['b'], json: '2' }], '{"b":2,"a":1}'],
    [
      'new members of an empty object',
      '{"a":{ }}',
      [
        { path: ['a', 'b'], json: '1' },
        { path: ['a', 'c'], json: '2' },
      ],
      '{"a":{"c":2,"b":1 }}',
    ],
    [
      'a new and a changed one',
      '{"a":{"b":1}}',
      [
        { path: ['a', 'b'], json: '2' },
        { path: ['a', 'c'], json: '3' },
      ],
      '{"a":{"c":3,"b":2}}',
    ],
    ['none that is not there', '{"a":{}}', [{ path: ['a', 'b'], json: '2', onlyIfThere: true }], '{"a":{}}'],
    ['none in a list', '{"a":[{"b":1}]}', [{ path: ['a', 'b'], json: '2', onlyIfThere: true }], '{"a":[{"b":1}]}'],
    [
      'several, in any order',
      '{"a":1,"b":2,"c":3}',
      [
        { path: ['c'], json: '"c"' },
        { path: ['a'], json: '"a"' },
      ],
      '{"a":"a","b":2,"c":"c"}',
    ],
  ])('%s', (_what, json, edits, expected) => {
    expect(spliced(json, ...edits)).toBe(expected);
  });

  test.each<[string, string, Edit]>([
    ['a value that is there twice', '{"a":1,"a":2}', { path: ['a'], json: '3' }],
    ['an object that is there twice', '{"p":{},"p":{}}', { path: ['p', 'a'], json: '3' }],
    ['a parent that is no object', '{"p":[]}', { path: ['p', 'a'], json: '3' }],
    ['a parent that is not there', '{}', { path: ['p', 'a'], json: '3' }],
    ['no JSON', '{"a":', { path: ['a'], json: '3' }],
  ])('is refused: %s', (_what, json, edit) => {
    expect(() => spliced(json, edit)).toThrow();
  });

  test('values are found inside of an object, too', () => {
    const json = Buffer.from('{"x":{"name":"outer"},"y":{"name":"inner"}}');
    const [y] = locate(json, [['y']]);
    const [name] = locate(json, [['name']], y);
    expect(json.toString('utf8', name?.from, name?.to)).toBe('"inner"');
  });
});
