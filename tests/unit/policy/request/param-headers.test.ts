import { paramHeadersOf, paramText } from '../../../../policy/request/param-headers.ts';

test('Headers of arguments come from properties that only properties lead to, with a plain name and type', () => {
  const property = (name: unknown, type = 'string') => ({ type, 'x-mcp-header': name });
  const headers = paramHeadersOf({
    properties: {
      region: property('Region'),
      inner: { properties: { id: property('Id', 'integer') } },
      list: { items: { properties: { x: property('X') } } },
      price: property('Price', 'number'),
      sly: property('A\r\nB'),
      none: property(7),
    },
  });
  expect(headers).toEqual([
    { name: 'Region', path: ['region'] },
    { name: 'Id', path: ['inner', 'id'] },
  ]);
});

test.each<[value: unknown, text: string | undefined]>([
  ['Tokyo', 'Tokyo'],
  [7, '7'],
  [false, 'false'],
  ['', ''],
  [0.5, undefined],
  [null, undefined],
  [{ a: 1 }, undefined],
])('The argument %j is sent as %j', (value, text) => {
  expect(paramText({ inner: { id: value } }, { name: 'Id', path: ['inner', 'id'] })).toBe(text);
  expect(paramText([], { name: 'Id', path: ['constructor'] })).toBeUndefined();
});
