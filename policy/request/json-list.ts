/** The answer is ambiguous, so it cannot be filtered. */
export class UnreadableList extends Error {}

/**
 * Removes elements from the list `result[field]` of a JSON-RPC answer. Every other character stays as it was sent,
 * including white space and the order of keys.
 * @param text a JSON text
 * @param field the list's key in `result`
 * @param keep whether a parsed element may stay
 * @returns the text (unchanged if all elements may stay or the list is absent) and the numbers of elements before and removed
 * @throws {UnreadableList} if it is not a JSON object, or repeats a key at its top level or in `result`
 */
export function filterList(
  text: string,
  field: string,
  keep: (element: unknown) => boolean,
): { text: string; total: number; hidden: number } {
  const list = listIn(parse(text), field);
  return cutList(text, membersOfResult(text)[field] ?? -1, list, keep);
}

/**
 * {@link filterList} for a text that is already parsed.
 * @param start offset of the list, from {@link membersOfResult}
 * @param list the parsed list
 */
export function cutList(
  text: string,
  start: number,
  list: readonly unknown[],
  keep: (element: unknown) => boolean,
): { text: string; total: number; hidden: number } {
  const kept = list.map(keep);
  const hidden = kept.filter((stays) => !stays).length;
  if (hidden === 0) return { text, total: list.length, hidden };
  const { end, elements } = findElements(text, start);
  const left = elements.filter((_, index) => kept[index]).map(([from, to]) => text.slice(from, to));
  return { text: `${text.slice(0, start)}[${left.join(',')}]${text.slice(end)}`, total: list.length, hidden };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableList('it is not valid JSON');
  }
}

function listIn(message: unknown, field: string): readonly unknown[] {
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw new UnreadableList('it is not one JSON-RPC message');
  const { result } = message as { result?: unknown };
  if (typeof result !== 'object' || result === null) return [];
  const list = (result as Record<string, unknown>)[field];
  return Array.isArray(list) ? list : [];
}

type Span = readonly [from: number, to: number];

/** Offsets of a list's elements and of its end, in valid JSON. */
function findElements(text: string, start: number): { end: number; elements: Span[] } {
  const elements: Span[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] !== ']') {
    const to = skipValue(text, at);
    elements.push([at, to]);
    at = skipSpace(text, to);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return { end: at + 1, elements };
}

/**
 * Returns the offsets of the members of a message's `result`, by key. It refuses a message that repeats a key at its top
 * level or in `result`: the relay would read the last one, and a client might read the first.
 * @param text valid JSON, an object
 * @throws {UnreadableList}
 */
export function membersOfResult(text: string): Readonly<Record<string, number>> {
  const { result } = membersOf(text, skipSpace(text, 0));
  return result !== undefined && text[result] === '{' ? membersOf(text, result) : {};
}

/** Offset of each key's value. */
function membersOf(text: string, object: number): Record<string, number> {
  const found: Record<string, number> = Object.create(null);
  let at = skipSpace(text, object + 1);
  while (text[at] !== '}') {
    const colon = skipString(text, at);
    const value = skipSpace(text, skipSpace(text, colon) + 1);
    const key = JSON.parse(text.slice(at, colon)) as string;
    if (key in found) throw new UnreadableList('it has a key twice');
    found[key] = value;
    at = skipSpace(text, skipValue(text, value));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return found;
}

function skipValue(text: string, from: number): number {
  if (text[from] === '"') return skipString(text, from);
  if (text[from] !== '{' && text[from] !== '[') return skipScalar(text, from);
  let depth = 0;
  for (let at = from; ; at++) {
    const c = text.charCodeAt(at);
    if (c === 0x22) at = skipString(text, at) - 1;
    else if (c === 0x7b || c === 0x5b) depth++;
    else if ((c === 0x7d || c === 0x5d) && --depth === 0) return at + 1;
  }
}

function skipString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

function skipScalar(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s,\]}]/.test(text.charAt(at))) at++;
  return at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return at;
}
