const maxDepth = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Why a body cannot be read; `message` is meant for the client. */
export class UnreadableBody extends Error {}

/**
 * Reads JSON the one way on which every parser agrees (RFC 8259, I-JSON RFC 7493): UTF-8 without a byte order mark, no
 * key twice in one object, no trailing data, no lone surrogates, numbers that fit, at most 64 levels deep. Two parsers that read one body
 * differently are how a gate is talked around, so anything else is refused.
 * @param bytes the body
 * @returns the value
 * @throws {UnreadableBody}
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableBody('the body is not valid JSON');
  }
  // JSON.parse keeps the last of two equal keys and says nothing. Members as written are the colons outside of strings;
  // members that survived are counted in the value: fewer means that a key stood twice, however it was escaped.
  if (countMembers(value, 0) !== countColons(text)) throw new UnreadableBody('a key stands twice in one object');
  return value;
}

function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new UnreadableBody('the body is empty, or too large to be checked');
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new UnreadableBody('the body is not UTF-8');
  }
  if (text.startsWith('\ufeff')) throw new UnreadableBody('the body starts with a byte order mark');
  return text;
}

/** Colons outside of strings in a text that is known to be valid JSON. */
function countColons(text: string): number {
  let colons = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x3a) colons++;
  }
  return colons;
}

function countMembers(value: unknown, depth: number): number {
  if (typeof value === 'string' && !value.isWellFormed()) throw new UnreadableBody('a string holds half a character');
  if (typeof value === 'number' && !Number.isFinite(value)) throw new UnreadableBody('a number is too large');
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === maxDepth) throw new UnreadableBody(`the body is nested more than ${maxDepth} levels deep`);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countMembers(item, depth + 1), 0);
  let members = 0;
  for (const [key, item] of Object.entries(value)) {
    if (!key.isWellFormed()) throw new UnreadableBody('a key holds half a character');
    members += 1 + countMembers(item, depth + 1);
  }
  return members;
}
