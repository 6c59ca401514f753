/**
 * Characters that a reader cannot see, or sees in another place or order than a model reads them: control characters,
 * Unicode's categories Cf (zero-width, bidirectional, tags), Co and Cs, line and paragraph separators, variation
 * selectors, blank letters, and every space except U+0020.
 */
export const hiddenCharacters = [
  '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cs}]',
  '[\\u{fe00}-\\u{fe0f}]',
  '[\\u{e0100}-\\u{e01ef}]',
  '[\\u{115f}\\u{1160}\\u{3164}\\u{ffa0}\\u{2800}\\u{34f}\\u{17b4}\\u{17b5}\\u{180b}-\\u{180f}]',
  '(?! )\\p{Zs}',
].join('|');

const hidden = new RegExp(hiddenCharacters, 'gu');

/** Spells out every hidden character, as `\\u{200b}`. Line feeds and tabs stay. */
export function reveal(text: string): string {
  return text.replace(hidden, (c) => (c === '\n' || c === '\t' ? c : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`));
}
