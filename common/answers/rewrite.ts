import { checkJson, skipSpace } from './check-json.ts';
import { UnreadableAnswer, usualLimits } from './limits.ts';
import { asLine } from './line.ts';
import type { ServerMessage, Span } from './message.ts';

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

/** Keys from the outside in, at most three. */
export type Path = readonly [string] | readonly [string, string] | readonly [string, string, string];

/** One change of a JSON text. */
export interface Edit {
  path: Path;
  /** The new value as JSON. */
  json: Uint8Array | string;
  /** Leaves a text as it is that has no such value. Without it the value is added to its object. */
  onlyIfThere?: boolean;
}

/**
 * Finds values of a JSON object, with one scan and without building anything from it.
 * @param json a JSON text that was checked (`readMessage`, or the gate's strict reader), as UTF-8
 * @param within the object to look into; without it the whole text
 * @returns for each path where its value is; undefined if there is none
 * @throws {UnreadableAnswer} if a value is there twice: two readers would read two texts
 */
export function locate(json: Buffer, paths: readonly Path[], within: Span = wholeOf(json)): (Span | undefined)[] {
  const found: (Span | undefined)[] = paths.map(() => undefined);
  const onValue = (depth: number, keys: readonly (string | undefined)[], from: number, to: number): void => {
    for (const [index, path] of paths.entries()) {
      if (path.length !== depth || path.some((key, at) => keys[at + 1] !== key)) continue;
      if (found[index]) throw new UnreadableAnswer('a message with a key twice');
      found[index] = { from: within.from + from, to: within.from + to };
    }
  };
  const check = checkJson(json.subarray(within.from, within.to), usualLimits, onValue);
  while (!check.next().done);
  return found;
}

/**
 * Changes single values of a JSON object. Every other byte stays as it was sent: numbers, unknown members, the order of keys.
 * @param json as for {@link locate}
 * @throws {UnreadableAnswer} if a value is there twice, or if there is no object that a new one could be added to
 */
export function splice(json: Buffer, edits: readonly Edit[]): Buffer {
  const at = locate(json, [...edits.map(({ path }) => path), ...edits.map(({ path }) => parentOf(path) ?? path)]);
  const changes = new Map<number, { to: number; pieces: Uint8Array[] }>();
  for (const [index, { path, json: value, onlyIfThere }] of edits.entries()) {
    const bytes = Buffer.from(value);
    const span = at[index];
    if (span) changes.set(span.from, { to: span.to, pieces: [bytes] });
    if (span || onlyIfThere) continue;
    const inside = insideOf(json, parentOf(path) ? at[edits.length + index] : wholeOf(json));
    const added = changes.get(inside) ?? { to: inside, pieces: [] };
    changes.set(inside, added);
    // New members stand first in their object.
    const isLast = added.pieces.length === 0 && json[skipSpace(json, inside)] === closeObject;
    added.pieces.unshift(Buffer.from(`${JSON.stringify(path.at(-1))}:`), bytes, ...(isLast ? [] : [comma]));
  }
  return replaced(
    json,
    [...changes].map(([from, { to, pieces }]) => ({ from, to, json: Buffer.concat(pieces) })),
  );
}

/** Other JSON for a span of a text. An empty span is a place where it is put in. */
export type Change = Span & { json: Uint8Array | string };

/** A text with other bytes in some of its spans, which do not overlap. */
export function replaced(bytes: Buffer, changes: readonly Change[]): Buffer {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const change of [...changes].sort((one, other) => one.from - other.from)) {
    pieces.push(bytes.subarray(from, change.from), Buffer.from(change.json));
    from = change.to;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}

const openObject = 0x7b;
const closeObject = 0x7d;

function parentOf(path: Path): Path | undefined {
  return path.length > 1 ? (path.slice(0, -1) as unknown as Path) : undefined;
}

/** @returns the offset behind the brace of an object */
function insideOf(json: Buffer, object: Span | undefined): number {
  const at = object && skipSpace(json, object.from);
  if (at === undefined || json[at] !== openObject)
    throw new UnreadableAnswer('a message without an object where one must be');
  return at + 1;
}

function wholeOf(json: Buffer): Span {
  return { from: 0, to: json.length };
}
