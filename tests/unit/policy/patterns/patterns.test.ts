import { isPattern, Patterns } from '../../../../policy/patterns/patterns.ts';

function patternsOf(...patterns: string[]): Patterns<string> {
  const all = new Patterns<string>();
  for (const pattern of patterns) all.at(pattern, () => pattern);
  return all;
}

describe('patterns', () => {
  test('match a name exactly, by every prefix and by *, the exact name first', () => {
    const all = patternsOf('*', 'get_*', 'get_t*', 'get_time', 'set_*');
    expect([...all.matching('get_time')]).toEqual(['get_time', '*', 'get_*', 'get_t*']);
    expect([...all.matching('set_')]).toEqual(['*', 'set_*']);
    expect([...all.matching('')]).toEqual(['*']);
  });

  test('without * match only the exact name, even if it is a name of a JavaScript property', () => {
    const all = patternsOf('a', 'get_*');
    for (const name of ['b', 'A', 'aa', '', 'get', 'Get_x', 'constructor', '__proto__', 'toString']) {
      expect([...all.matching(name)]).toEqual([]);
    }
    expect([...all.matching('get_x')]).toEqual(['get_*']);
  });

  test('find an exact name separately from globs, so that globs can be left out', () => {
    const all = patternsOf('*', 'x*', 'exact');
    expect(all.exact('exact')).toBe('exact');
    expect(all.exact('x*')).toBeUndefined();
    expect(all.exact('x')).toBeUndefined();
  });

  test('keep one value per pattern, even if it is added several times', () => {
    const all = new Patterns<string[]>();
    for (const value of ['first', 'second']) all.at('a*', () => []).push(value);
    expect([...all.matching('ab')]).toEqual([['first', 'second']]);
  });

  test.each([
    ['a', true],
    ['*', true],
    ['get_*', true],
    ['', false],
    ['*a', false],
    ['a*b', false],
    ['a**', false],
  ])('%j is a valid pattern: %s', (text, expected) => {
    expect(isPattern(text)).toBe(expected);
  });
});
