const maxDepth = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The body cannot be read. `message` is meant for the client. */
export class UnreadableBody extends Error {}

/** Values and members of a body together. Requests of real clients have some hundreds; each costs time and memory. */
const mostValues = 100_000;

/**
 * Reads JSON of which every parser sees the same structure (RFC 8259; I-JSON, RFC 7493): UTF-8 without a byte order mark, no
 * repeated key in an object, no trailing data, at most 64 levels deep and {@link mostValues} values. It refuses anything else: a
 * request that two parsers read differently bypasses the gate. Numbers beyond a double, and strings with lone surrogates, may
 * mean different things: a string that is judged must be well-formed.
 * @param bytes the body
 * @returns the value
 * @throws {UnreadableBody}
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  return atOnce(strictJsonSteps(bytes));
}

/** Runs all steps, one after another. @returns their result. @throws what a step throws */
export function atOnce<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Bytes that a loop looks at in one step: some milliseconds (Node 26). */
export const bytesInStep = 1_048_576;

/** {@link parseStrictJson} in steps, between which others get their turn. */
export function* strictJsonSteps(bytes: Uint8Array): Generator<undefined, unknown> {
  if (bytes.length === 0) throw new UnreadableBody('the body is empty, or too large to be checked');
  const colons = yield* countColons(bytes);
  yield;
  const text = decode(bytes);
  yield;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UnreadableBody('the body is not valid JSON');
  }
  yield;
  // JSON.parse silently keeps the last of two equal keys. The colons outside strings count the members as written. Fewer
  // members in the value mean a repeated key, however it was escaped.
  if (countMembers(parsed, 0) !== colons) throw new UnreadableBody('a key stands twice in one object');
  return parsed;
}

function decode(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new UnreadableBody('the body is not UTF-8');
  }
  if (text.startsWith('\ufeff')) throw new UnreadableBody('the body starts with a byte order mark');
  return text;
}

export const quote = 0x22;
const backslash = 0x5c;
export const colon = 0x3a;
const comma = 0x2c;
export const bracket = 0x5b;
export const brace = 0x7b;

/**
 * Counts the colons outside strings, in bytes that may be JSON. In UTF-8, these bytes are part of no other character.
 * @throws {UnreadableBody} at the first value too many, before anything is built of them
 */
function* countColons(bytes: Uint8Array): Generator<undefined, number> {
  let colons = 0;
  let others = 0;
  let stepEnd = bytesInStep;
  for (let i = 0; i < bytes.length; i++) {
    if (i >= stepEnd) {
      stepEnd = i + bytesInStep;
      yield;
    }
    const c = bytes[i];
    if (c === quote) i = endOfString(bytes, i + 1);
    else if (c === colon) colons++;
    else if (c === comma || c === bracket || c === brace) others++;
    else continue;
    if (colons + others > mostValues)
      throw new UnreadableBody(`the body has more than ${mostValues} values and members`);
  }
  return colons;
}

/** A loop over characters is faster for short strings, `indexOf` for long ones. */
const shortString = 24;

/** Returns the offset of the quote that ends the string whose content begins at `start`; the end if there is none. */
export function endOfString(bytes: Uint8Array, start: number): number {
  for (let i = start; i < bytes.length; i++) {
    for (const near = i + shortString; i < near; i++) {
      const c = bytes[i];
      if (c === quote) return i;
      if (c === backslash) i++;
    }
    const begun = i;
    i = bytes.indexOf(quote, begun);
    if (i === -1) break;
    let before = i;
    while (before > begun && bytes[before - 1] === backslash) before--;
    // A quote after an even number of backslashes is not escaped.
    if ((i - before) % 2 === 0) return i;
  }
  return bytes.length;
}

function countMembers(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === maxDepth) throw new UnreadableBody(`the body is nested more than ${maxDepth} levels deep`);
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += countMembers(item, depth + 1);
    return members;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) members += 1 + countMembers(object[key], depth + 1);
  return members;
}
