/** A longer URI must be written out, or be covered by a lone `*`. */
const longestUri = 4_096;

/**
 * What may follow a prefix: letters and digits of every script, dashes, quotation marks, pictures, and the characters of
 * a URI (RFC 3986 section 2) without `;` and `$`. A space may follow as `%20` only: some readers take it for an end.
 */
const plainText = /^[\p{L}\p{M}\p{N}\p{Pd}\p{Pi}\p{Pf}\p{Extended_Pictographic} ._~!'()*+,=@:/?#&[\]]*$/u;
const escapes = /%[0-9a-f]{2}/gi;
/** Escapes of separators, dots and the percent sign. Readers disagree on whether they decode before or after they split. */
const ambiguousEscape = /%(?:2[356ef]|3[bdf]|5c)/i;
/** `scheme:`, with up to three slashes and the drive of a Windows path. */
const schemeHead = /^[a-z][a-z0-9+.-]*:\/{0,3}(?:[a-z]:\/)?/i;
const schemeAndAuthority = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i;
/** Schemes whose authority is a host name, which is read from its end. */
const hostScheme = /^(?:https?|wss?|ftp):/i;

/**
 * Whether a resource URI is under a prefix of the policy for every reader, whether that is a URL parser, a path function
 * or a plain comparison, and whether it decodes escapes never, once or twice. `file:///data/../etc/passwd` starts with
 * `file:///data/` and is not under it. Pure; the time grows with the length of `uri`.
 * @param prefix what the glob has before its `*`. A lone `*` is under no prefix: it covers every name
 * @param uri a URI or other name that starts with `prefix`
 */
export function staysUnder(prefix: string, uri: string): boolean {
  if (prefix === '' || prefix === uri) return true;
  if (uri.length > longestUri) return false;
  const rest = uri.slice(prefix.length);
  if (rest.includes(' ') || ambiguousEscape.test(rest) || !plainText.test(rest.replace(escapes, ''))) return false;
  const before = unescaped(prefix);
  const decoded = decodedText(rest);
  if (decoded === undefined || endsInEscape.test(before)) return false;
  // Some file systems and host names treat compatibility characters as the letters that they resemble (Unicode, NFKC).
  const alike = decoded.normalize('NFKC');
  return isPlain(prefix, rest) && [decoded, alike].every((text) => plainText.test(text) && isPlain(before, text));
}

/** An expression of a URI template (RFC 6570 section 2.2), with plain names of variables. */
const variable = String.raw`\w+(?:\.\w+)*(?:\*|:\d{1,4})?`;
const expressions = new RegExp(String.raw`\{[+#./;?&]?${variable}(?:,${variable})*\}`, 'g');

/**
 * Whether a template of `completion/complete` is under a prefix of the policy: its fixed part begins with the prefix, and what
 * it expands to is under it where the values are plain. Completing reads no resource; `resources/read` judges each URI.
 * @param template a template, or a URI without expressions
 */
export function templateStaysUnder(prefix: string, template: string): boolean {
  if (template.length > longestUri || template.indexOf('{') === -1) return staysUnder(prefix, template);
  const fixed = template.slice(0, template.indexOf('{'));
  return fixed.startsWith(prefix) && staysUnder(prefix, template.replace(expressions, 'x'));
}

const endsInEscape = /%[0-9a-f]?$/i;

/** Decodes single-byte escapes until none is left, as a reader would that decodes several times. */
function unescaped(text: string): string {
  const once = text.replace(escapes, (hex) => String.fromCharCode(Number.parseInt(hex.slice(1), 16)));
  return once === text ? text : unescaped(once);
}

/** @returns undefined if the escapes are not UTF-8: readers disagree on what they mean */
function decodedText(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isPlain(prefix: string, rest: string): boolean {
  const uri = prefix + rest;
  const head = schemeHead.exec(uri)?.[0].length ?? 0;
  // With the end of the prefix, which may be half of a segment: the prefix `data/.` and the rest `./etc` make two dots.
  const tail = uri.slice(Math.max(prefix.lastIndexOf('/') + 1, head));
  return (
    hasPlainSegments(tail) &&
    !hasDrive(prefix, uri, head) &&
    hasPlainAuthority(prefix, uri) &&
    hasPlainQuery(prefix, uri, rest)
  );
}

/** No segment is empty or made of dots, and none begins a path of its own behind a separator. */
function hasPlainSegments(tail: string): boolean {
  if (/^\/|\/\/|[?#&=:]\//.test(tail)) return false;
  return !tail.split(/[/?#&=:,]/).some((segment) => segment.includes('.') && !/[^. +\p{M}]/u.test(segment));
}

/** On Windows, a path that begins with `C:` is absolute. With the character before: only a whole segment can begin a path. */
function hasDrive(prefix: string, uri: string, head: number): boolean {
  return /\/[a-z]:/i.test(uri.slice(Math.max(prefix.length, head) - 1));
}

/** The rest adds no user name, port or domain to an authority that the prefix begins. */
function hasPlainAuthority(prefix: string, uri: string): boolean {
  const [, scheme = '', authority = ''] = schemeAndAuthority.exec(uri) ?? [];
  if (prefix.length <= scheme.length) return /^[^@:]*(?::\d+)?$/.test(authority);
  const added = authority.slice(prefix.length - scheme.length);
  return added === '' || !(hostScheme.test(scheme) || /[@:]/.test(added));
}

/** One `?` and one `#` at most. A parameter after those of the prefix could replace one of them. */
function hasPlainQuery(prefix: string, uri: string, rest: string): boolean {
  const isInQuery = prefix.includes('?') && !prefix.endsWith('?');
  return !/\?.*\?|#.*#/s.test(uri) && !(isInQuery && rest.includes('&'));
}
