import { type MessageLimits, OversizedAnswer, UnreadableAnswer } from './limits.ts';

/** What a JSON text is made of, as bytes of UTF-8. */
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

const pauseEvery = 16_384;
const longestScalar = 1_000;
const longestKey = 10_000;
const escapes = new Set(Buffer.from('"\\/bfnrt'));
const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Depth to which values are reported: 0 is the text itself, 3 is an element of a list in the result of a message. */
const reportedDepth = 3;

/**
 * Called when a value ends.
 * @param keys by depth, the key under which the value is; an element of a list has none
 */
export type OnValue = (depth: number, keys: readonly (string | undefined)[], from: number, to: number) => void;

/**
 * Checks that bytes are one JSON text (RFC 8259) within the limits, without building anything from it. It yields every few
 * kilobytes, so that the caller can let others work.
 * @param bytes UTF-8
 * @param onValue is called for each value down to {@link reportedDepth}
 * @returns how many members all objects have together, as written
 * @throws {UnreadableAnswer}
 */
export function checkJson(
  bytes: Uint8Array,
  limits: Pick<MessageLimits, 'depth' | 'values'>,
  onValue: OnValue,
): Generator<void, number> {
  return new JsonCheck(bytes, limits, onValue).run();
}

class JsonCheck {
  readonly #bytes: Uint8Array;
  readonly #limits: Pick<MessageLimits, 'depth' | 'values'>;
  readonly #onValue: OnValue;
  /** For each open object and list whether it is a list. */
  readonly #isList: boolean[] = [];
  readonly #keys: (string | undefined)[] = [];
  readonly #starts: number[] = [];
  #at: number;
  #depth = 0;
  #values = 0;
  #members = 0;

  constructor(bytes: Uint8Array, limits: Pick<MessageLimits, 'depth' | 'values'>, onValue: OnValue) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#onValue = onValue;
    this.#at = skipSpace(bytes, 0);
  }

  *run(): Generator<void, number> {
    let pauseAt = this.#at + pauseEvery;
    for (let follows = true; follows; ) {
      if (this.#at > pauseAt) {
        yield;
        pauseAt = this.#at + pauseEvery;
      }
      this.#count();
      if (this.#depth <= reportedDepth) this.#starts[this.#depth] = this.#at;
      const first = this.#bytes[this.#at];
      if (first === openObject || first === openList) {
        if (!this.#open(first === openList)) continue;
      } else if (first === quote) {
        let end = skipString(this.#bytes, this.#at + 1, pauseAt);
        while (end < 0) {
          yield;
          pauseAt = -end + pauseEvery;
          end = skipString(this.#bytes, -end, pauseAt);
        }
        this.#at = end;
      } else this.#at = skipScalar(this.#bytes, this.#at);
      follows = this.#close();
    }
    if (this.#at < this.#bytes.length) throw new UnreadableAnswer('more after the end of the message');
    return this.#members;
  }

  #count(): void {
    if (++this.#values > this.#limits.values)
      throw new OversizedAnswer(`more than ${this.#limits.values} values in one message`);
  }

  /** @returns whether it is empty, and ends here */
  #open(asList: boolean): boolean {
    if (this.#depth === this.#limits.depth)
      throw new OversizedAnswer(`a message of more than ${this.#limits.depth} levels`);
    this.#isList[this.#depth++] = asList;
    if (this.#depth <= reportedDepth) this.#keys[this.#depth] = undefined;
    this.#skip(1);
    if (this.#bytes[this.#at] !== (asList ? closeList : closeObject)) {
      if (!asList) this.#readKey();
      return false;
    }
    this.#depth--;
    this.#at++;
    return true;
  }

  #readKey(): void {
    if (this.#bytes[this.#at] !== quote) throw new UnreadableAnswer('an object with a key that is no string');
    const from = this.#at;
    const to = skipString(this.#bytes, from + 1, this.#bytes.length);
    if (to - from > longestKey) throw new OversizedAnswer(`a key of more than ${longestKey} bytes`);
    if (this.#depth <= reportedDepth) this.#keys[this.#depth] = keyOf(textOf(this.#bytes, from, to));
    this.#at = skipSpace(this.#bytes, to);
    if (this.#bytes[this.#at] !== colon) throw new UnreadableAnswer('a key without a value');
    this.#skip(1);
    this.#members++;
    this.#count();
  }

  /** Ends a value, and the lists and objects that end with it. @returns whether another value follows */
  #close(): boolean {
    for (;;) {
      if (this.#depth <= reportedDepth)
        this.#onValue(this.#depth, this.#keys, this.#starts[this.#depth] ?? 0, this.#at);
      this.#skip(0);
      if (this.#depth === 0) return false;
      const inList = this.#isList[this.#depth - 1];
      const next = this.#bytes[this.#at];
      if (next === comma) {
        this.#skip(1);
        if (!inList) this.#readKey();
        return true;
      }
      if (next !== (inList ? closeList : closeObject)) throw new UnreadableAnswer('no valid JSON');
      this.#at++;
      this.#depth--;
    }
  }

  #skip(bytes: number): void {
    this.#at = skipSpace(this.#bytes, this.#at + bytes);
  }
}

/** @param text a string as JSON, with its quotes */
function keyOf(text: string): string {
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

/** The text of a range of bytes. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  if (Buffer.isBuffer(bytes)) return bytes.toString('utf8', from, to);
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}

/** The offset of the next byte that is no white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const c = bytes[at];
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return at;
    at++;
  }
}

/** @returns the offset after the quote that ends the string; negative: the offset at which to go on, past `pauseAt` */
function skipString(bytes: Uint8Array, from: number, pauseAt: number): number {
  for (let at = from; at < bytes.length; at++) {
    const c = bytes[at] as number;
    if (c === quote) return at + 1;
    if (c < 0x20) throw new UnreadableAnswer('a string with a control character');
    if (c === backslash) at = skipEscape(bytes, at + 1);
    if (at > pauseAt) return -(at + 1);
  }
  throw new UnreadableAnswer('a string without an end');
}

/** @returns the offset of the last byte of the escape */
function skipEscape(bytes: Uint8Array, at: number): number {
  if (escapes.has(bytes[at] as number)) return at;
  if (bytes[at] === 0x75 && [1, 2, 3, 4].every((digit) => isHexDigit(bytes[at + digit]))) return at + 4;
  throw new UnreadableAnswer('a string with an unknown escape');
}

function isHexDigit(c = 0): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
}

function skipScalar(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isScalarByte(bytes[at])) at++;
  if (at - from > longestScalar) throw new OversizedAnswer(`a number of more than ${longestScalar} digits`);
  if (!scalar.test(textOf(bytes, from, at))) throw new UnreadableAnswer('no valid JSON');
  return at;
}

/** Letters, digits, plus, minus and point. */
function isScalarByte(c: number | undefined): boolean {
  return (
    c !== undefined &&
    ((c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x7a) || c === 0x2d || c === 0x2e || c === 0x2b || c === 0x45)
  );
}
