import { asLine } from './line.ts';
import type { ServerMessage } from './message.ts';

/** JSON in UTF-8, in pieces. */
export type JsonPieces = readonly Uint8Array[];

/**
 * Writes a message with other members in its result. Everything else stays as it was sent.
 * @param changes the new values by key; a key that the result lacks is added to it, if the result is an object
 * @returns one line of JSON
 */
export function withMembers(
  { bytes, result, resultSpan }: ServerMessage,
  changes: ReadonlyMap<string, JsonPieces>,
): Buffer {
  const pieces: Uint8Array[] = [];
  let from = 0;
  if (resultSpan) {
    const added = [...changes].filter(([key]) => !result.has(key));
    from = added.length > 0 ? resultSpan.from + 1 : 0;
    pieces.push(bytes.subarray(0, from));
    for (const [index, [key, value]] of added.entries()) {
      pieces.push(Buffer.from(`${JSON.stringify(key)}:`), ...value);
      if (index < added.length - 1 || result.size > 0) pieces.push(comma);
    }
  }
  // The members of a result are in the order of the text.
  for (const [key, span] of result) {
    const value = changes.get(key);
    if (!value) continue;
    pieces.push(bytes.subarray(from, span.from), ...value);
    from = span.to;
  }
  return asLine(...pieces, bytes.subarray(from));
}

/** A list of the given elements, as JSON. */
export function listOf(elements: readonly JsonPieces[]): JsonPieces {
  return [openList, ...elements.flatMap((element, index) => (index > 0 ? [comma, ...element] : element)), closeList];
}

const openList = Buffer.from('[');
const comma = Buffer.from(',');
const closeList = Buffer.from(']');
