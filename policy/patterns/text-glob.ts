import { staysUnder } from './resource-uri.ts';

/** A longer text must be written out, or be covered by a lone `*`. */
const longest = 4_096;

/** Control characters, halves of characters, and what is not seen or changes how the rest is seen. */
const unseen = /[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** What ends a segment of a path for some program. Servers that know path parameters take `..;x` for two dots. */
const separators = /[/?#&=:;,]/;
/** What some programs drop around dots, so that the segment is `.` or `..` for them. */
const beside = /[^\s\p{M}+.]/u;
/** No text has more marks on one letter (UAX #15, "Stream-Safe Text Format"), and normalizing them takes long. */
const tooManyMarks = /\p{M}{31}/u;
const plainAscii = /^[ -~]*$/;
const halfEscape = /%[0-9a-f]?$/i;
const scheme = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Whether a text is under the glob `prefix*` for every program that may read it. `acme/../other` begins with `acme/`, and a
 * program that joins paths is not under it any more. A lone `*` (no prefix) covers every text.
 * Pure. The time is bounded, because a long text is under no prefix.
 */
export function isUnder(prefix: string, text: string): boolean {
  if (prefix === '') return true;
  if (!text.startsWith(prefix) || text.length > longest || tooManyMarks.test(text)) return false;
  if (halfEscape.test(prefix) && text !== prefix) return false;
  if (scheme.test(prefix) && !staysUnder(prefix, text)) return false;
  if (!staysPlain(prefix, text)) return false;
  return plainAscii.test(text) || staysPlainAlike(prefix, text);
}

/** Some programs and file systems read compatibility characters as those that they resemble (Unicode, NFKC). */
function staysPlainAlike(prefix: string, text: string): boolean {
  const [before, alike] = [prefix.normalize('NFKC'), text.normalize('NFKC')];
  return alike.length <= longest && alike.startsWith(before) && staysPlain(before, alike);
}

/** A list of paths for some programs, of which only the first would be judged. */
function holdsTwoPaths(rest: string): boolean {
  const first = rest.search(/[,;|]/);
  return rest.includes(':/') || (first !== -1 && rest.includes('/', first));
}

function staysPlain(prefix: string, text: string): boolean {
  const rest = text.slice(prefix.length);
  if (unseen.test(rest) || /[\\%]/.test(rest) || holdsTwoPaths(rest)) return false;
  // With the end of the prefix, which may be half of a segment: `acme/.` and `./other` make two dots.
  const begin = Math.max(prefix.lastIndexOf('/'), 0);
  const tail = text.slice(begin);
  return (
    !tail.includes('//') && !tail.split(separators).some((segment) => segment.includes('.') && !beside.test(segment))
  );
}
