/** Control characters, invisible format characters (bidi overrides, zero-width), lone surrogates, line separators. */
const acting = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text of unknown origin safe to show: nothing in it can move a terminal's cursor, reverse the line or hide letters.
 * @param keep characters that may stay, such as `\n`
 * @param replace what stands for each other character that acts; U+FFFD unless given
 */
export function cleanText(
  text: string,
  { keep = '', replace = '\u{fffd}' }: { keep?: string; replace?: string | ((character: string) => string) } = {},
): string {
  return text.replace(acting, (character) => {
    if (keep.includes(character)) return character;
    return typeof replace === 'string' ? replace : replace(character);
  });
}
