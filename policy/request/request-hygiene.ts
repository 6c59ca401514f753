import { RefusedRequest } from './refused-request.ts';

/** Keys whose values are judged, and their case-folded forms. */
export interface JudgedKeys {
  names: ReadonlySet<string>;
  folds: ReadonlySet<string>;
}

/** Folds the keys once instead of for every request. */
export function judgedKeys(...names: string[]): JudgedKeys {
  return { names: new Set(names), folds: new Set(names.map(fold)) };
}

/** Whether `key` is another key than a judged one, but a case-insensitive parser (such as Go's encoding/json) reads it as one. */
export function looksLikeJudged(key: string, judged: JudgedKeys): boolean {
  return !judged.names.has(key) && judged.folds.has(fold(key));
}

/** Members of an object in which keys are judged. Each is compared, and real requests have a few. */
const mostJudgedMembers = 1_000;

/**
 * Refuses look-alikes: with `Name` beside `name`, or half a character in a key, which some parsers drop, the upstream could
 * read another tool than the one that was judged.
 */
export function refuseLookAlikes(object: Record<string, unknown>, judged: JudgedKeys): void {
  const keys = Object.keys(object);
  if (keys.length > mostJudgedMembers)
    throw new RefusedRequest(`an object of the request has more than ${mostJudgedMembers} members`);
  for (const key of keys) {
    if (looksLikeJudged(key, judged))
      throw new RefusedRequest('a key differs from a known one only in its letter case');
    if (!key.isWellFormed()) throw new RefusedRequest('a key beside those that are judged holds half a character');
  }
}

/** Unicode simple case folding onto ASCII: to a folding parser, `ſ` is an s and the Kelvin sign a k. */
export function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/**
 * The name in an `Mcp-Name` header: as sent, or UTF-8 in base64 between `=?base64?` and `?=` (MCP 2026-07-28, "Header
 * standardisation", SEP-2243; the markers are case-sensitive).
 * @returns the name, or undefined if it cannot be read (it then matches no body)
 */
export function headerName(value: string): string | undefined {
  const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)?.[1];
  if (encoded === undefined) return value;
  try {
    const bytes = Uint8Array.fromBase64(encoded, { lastChunkHandling: 'strict' });
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
