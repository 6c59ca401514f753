import fc from 'fast-check';
import { lineDiff } from '../../../../../../registry/pages/access/change/yaml-diff.ts';

const shown = (before: string, after: string) =>
  lineDiff(before, after).map(({ kind, text }) => `${{ same: ' ', added: '+', removed: '-', gap: '…' }[kind]}${text}`);

const file = ['# top', 'groups:', '  a: [x]', '  b: [y]', '  c: [z]', '  d: [z]', '  e: [z]', 'x:', '  - 1'];

test('Characters that a person does not see, or that change the order of others, are spelled out', () => {
  expect(shown('a: [x]', 'a: [x] # \u202e]y ,x[\u200b')).toEqual(['-a: [x]', '+a: [x] # \\u{202e}]y ,x[\\u{200b}']);
});

test('Lines around a change are shown, with the key above it, and others are left out', () => {
  const after = file.with(5, '  d: [z, x]');
  expect(shown(file.join('\n'), after.join('\n'))).toEqual([
    ...[
      '……',
      ' groups:',
      '   a: [x]',
      '   b: [y]',
      '   c: [z]',
      '-  d: [z]',
      '+  d: [z, x]',
      '   e: [z]',
      ' x:',
      '   - 1',
    ],
  ]);
  const late = [...file, '  - 2', '  - 3', '  - 4', '  - 5', '  - 6'];
  expect(shown(late.join('\n'), [...late, '  - 7'].join('\n'))).toEqual([
    ...['……', ' x:', '……', '   - 4', '   - 5', '   - 6', '+  - 7'],
  ]);
});

test('The same text has no difference', () => expect(shown('a\nb', 'a\nb')).toEqual([]));

const line = fc.constantFrom('a', 'b', 'c:', '  d', '');
test('Without the lines that are added, it is the old text; without those that are removed, the new one', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 7 }), fc.array(line, { maxLength: 7 }), (old, now) => {
      const lines = lineDiff(old.join('\n'), now.join('\n'));
      fc.pre(lines.length > 0 && !lines.some(({ kind }) => kind === 'gap'));
      const without = (kind: string) => lines.filter((each) => each.kind !== kind).map(({ text }) => text);
      expect(without('added').join('\n')).toBe(old.join('\n'));
      expect(without('removed').join('\n')).toBe(now.join('\n'));
    }),
  );
});

test('A policy that is rewritten from top to bottom gives a bounded answer', () => {
  const text = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word}${i}: ${'x'.repeat(20)}`).join('\n');
  const lines = lineDiff(text('a'), text('b'));
  expect(lines.length).toBeLessThan(500);
  expect(lines.at(-1)?.text).toBe('… more lines differ');
  expect(lineDiff('a', 'b'.repeat(100_000)).at(-1)?.text.length).toBeLessThan(500);
});
