import { safeText, table, wrap } from '../../../agents/lib/print.ts';
import { shownUrl } from '../../../agents/lib/watched-fetch.ts';

test('Untrusted text cannot move the cursor, set the title or reverse the text direction', () => {
  expect(safeText('a\u001b[2Jb\u0007c\r\u202ed\u009b31me\u200bf\ng\th')).toBe('a[2Jbcd31mef\ng\th');
});

test('A table keeps its columns for any cell content, and wraps the last column', () => {
  const rows = [
    ['a', 'one two three four five six'],
    ['longer', 'x\n\u001b[31my'],
  ];
  expect(table(['N', 'TEXT'], rows, 28)).toBe(
    ['N       TEXT', 'a       one two three four', '        five six', 'longer  x [31my'].join('\n'),
  );
});

test('A word that is longer than the width is not split', () => {
  expect(wrap('a verylongword b', 6)).toEqual(['a', 'verylongword', 'b']);
});

test('A shown URL keeps only the names of its query parameters, and no credentials', () => {
  expect(shownUrl('https://me:pass@h/p?code=secret&state=s&code=2#token')).toBe('https://h/p?code=…&state=…');
});
