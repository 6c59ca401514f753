/** The longest text of a field in characters. */
const longestField = 200;

/** DEL, the C1 controls, line and paragraph separators, and characters that are invisible or turn text around (Cf). */
const unsafe = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Cf}]/u;
const allUnsafe = new RegExp(unsafe, 'gu');

/**
 * A caller's text for a line of JSON, cut. JSON escapes C0 controls and quotes. What JSON leaves as it is, and a terminal or
 * viewer may take for a new line, a command or reversed text, is percent-encoded (UTF-8).
 */
export function shown(text: string, limit?: number): string;
export function shown(text: string | undefined, limit?: number): string | undefined;
export function shown(text: string | undefined, limit = longestField): string | undefined {
  if (text === undefined) return undefined;
  const cut = text.length > limit ? text.slice(0, limit) : text;
  return unsafe.test(cut) ? cut.replace(allUnsafe, encodeURIComponent) : cut;
}
