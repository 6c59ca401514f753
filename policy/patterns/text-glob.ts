import { staysUnder } from './resource-uri.ts';

/** A longer text must be written out, or be covered by a lone `*`. */
const longest = 4_096;

/** Control characters, halves of characters, and what is not seen or changes how the rest is seen. */
const unseen = /[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** What ends a segment of a path for some program. Servers that know path parameters take `..;x` for two dots. */
const separators = /[/?#&=:;,]/;
/** A segment that some program takes for `.` or `..`: some drop spaces and marks around the dots, or dots beyond two. */
const dots = /^[\s\p{M}+.]*\.[\s\p{M}+.]*$/u;
const halfEscape = /%[0-9a-f]?$/i;
const scheme = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Whether a text is under the glob `prefix*` for every program that may read it. `acme/../other` begins with `acme/`, and a
 * program that joins paths is not under it any more. A lone `*` (no prefix) covers every text.
 * Pure. The time is bounded, because a long text is under no prefix.
 */
export function isUnder(prefix: string, text: string): boolean {
  if (prefix === '') return true;
  if (!text.startsWith(prefix) || text.length > longest) return false;
  if (halfEscape.test(prefix) && text !== prefix) return false;
  if (scheme.test(prefix) && !staysUnder(prefix, text)) return false;
  // Some programs and file systems read compatibility characters as those that they resemble (Unicode, NFKC).
  const alike = { prefix: prefix.normalize('NFKC'), text: text.normalize('NFKC') };
  return staysPlain(prefix, text) && alike.text.startsWith(alike.prefix) && staysPlain(alike.prefix, alike.text);
}

function staysPlain(prefix: string, text: string): boolean {
  const rest = text.slice(prefix.length);
  if (unseen.test(rest) || /[\\%]/.test(rest)) return false;
  // With the end of the prefix, which may be half of a segment: `acme/.` and `./other` make two dots.
  const begin = Math.max(prefix.lastIndexOf('/'), 0);
  const tail = text.slice(begin);
  return !tail.includes('//') && !tail.split(separators).some((segment) => dots.test(segment));
}
