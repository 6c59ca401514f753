import { safeText, table, wrap } from '../../../agents/lib/print.ts';
import { shownUrl } from '../../../agents/lib/watched-fetch.ts';

test('Text of others cannot move the cursor, set the title or turn the writing round', () => {
  expect(safeText('a\u001b[2Jb\u0007c\r\u202ed\u009b31me\u200bf\ng\th')).toBe('a[2Jbcd31mef\ng\th');
});

test('A table keeps its columns whatever the cells hold, and wraps the last one', () => {
  const rows = [
    ['a', 'one two three four five six'],
    ['longer', 'x\n\u001b[31my'],
  ];
  expect(table(['N', 'TEXT'], rows, 28)).toBe(
    ['N       TEXT', 'a       one two three four', '        five six', 'longer  x [31my'].join('\n'),
  );
});

test('A word longer than the width stays whole', () => {
  expect(wrap('a verylongword b', 6)).toEqual(['a', 'verylongword', 'b']);
});

test('Of an address only the names of its query are shown, and no credentials', () => {
  expect(shownUrl('https://me:pass@h/p?code=secret&state=s&code=2#token')).toBe('https://h/p?code=…&state=…');
});
