import { asLine } from './line.ts';
import type { ServerMessage, Span } from './message.ts';

/**
 * Writes a message with other elements in the lists of its result. Everything else stays as it was sent.
 * @param lists the elements that stay, by the list's key; a list that is absent here stays whole
 * @returns one line of JSON
 */
export function withLists({ bytes, result }: ServerMessage, lists: ReadonlyMap<string, readonly Span[]>): Buffer {
  const pieces: Uint8Array[] = [];
  let from = 0;
  // The members of a result are in the order of the text.
  for (const [field, span] of result) {
    const elements = lists.get(field);
    if (!elements) continue;
    pieces.push(bytes.subarray(from, span.from), openList);
    for (const [index, element] of elements.entries()) {
      if (index > 0) pieces.push(comma);
      pieces.push(bytes.subarray(element.from, element.to));
    }
    pieces.push(closeList);
    from = span.to;
  }
  return asLine(...pieces, bytes.subarray(from));
}

const openList = Buffer.from('[');
const comma = Buffer.from(',');
const closeList = Buffer.from(']');
