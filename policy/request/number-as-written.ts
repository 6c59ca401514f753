import { atOnce, brace, bracket, bytesInStep, colon, endOfString, quote } from './strict-json.ts';

const closingBracket = 0x5d;
const closingBrace = 0x7d;
const space = Buffer.from(' \t\n\r');
/** One for all: making one takes longer than the rest of the search. */
const decoder = new TextDecoder();
const ofNumbers = Buffer.from('0123456789+-.eE');

/**
 * Finds a number as it is written: `1.0` and `12345678901234567890` are other numbers once they are parsed.
 * @param bytes a body that `parseStrictJson` has read
 * @returns the number under this key of the outermost object; undefined if there is none
 */
export function numberAsWritten(bytes: Uint8Array, key: string): string | undefined {
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === brace || c === bracket) depth++;
    else if (c === closingBrace || c === closingBracket) depth--;
    if (c !== quote) continue;
    const start = i;
    i = endOfString(bytes, start + 1);
    const after = past(space, bytes, i + 1);
    const isMember = depth === 1 && bytes[after] === colon;
    if (isMember && JSON.parse(textOf(bytes, start, i + 1)) === key)
      return numberAt(bytes, past(space, bytes, after + 1));
  }
  return undefined;
}

/** No double needs more characters. */
const longestExact = 64;
/** Comparing more takes too long. Embeddings have thousands. */
const mostCompared = 10_000;

/** Returned if a body has too many numbers to tell. */
export type InexactNumbers = ReadonlySet<number> | 'any';

/**
 * Returns the values of the numbers of a body that not all programs read alike: what they stand for is no double, so that a
 * program with decimals sees another number than one without. `any` if there are too many to tell.
 * @param bytes a body that `parseStrictJson` has read
 */
export function inexactNumbers(bytes: Uint8Array): InexactNumbers {
  return atOnce(inexactNumberSteps(bytes));
}

/** Numbers that are compared in one step: some milliseconds for long ones (Node 26). */
const comparedInStep = 2_000;

/** {@link inexactNumbers} in steps, between which others get their turn. */
export function* inexactNumberSteps(bytes: Uint8Array): Generator<undefined, InexactNumbers> {
  const found = new Set<number>();
  let compared = 0;
  let stepEnd = bytesInStep;
  for (let i = 0; i < bytes.length; i++) {
    if (i >= stepEnd) {
      stepEnd = i + bytesInStep;
      yield;
    }
    const c = bytes[i] ?? 0;
    if (c === quote) i = endOfString(bytes, i + 1);
    if (!isDigit(c)) continue;
    const start = i;
    i = endOfNumber(bytes, start);
    if (isShort(bytes, start, i)) continue;
    if (++compared > mostCompared) return 'any';
    if (compared % comparedInStep === 0) yield;
    const text = textOf(bytes, start, i);
    const value = Number(text);
    if (text.length <= longestExact && isExact(text, String(value))) continue;
    // The sign is in front of what was read.
    found.add(value).add(-value);
  }
  return found;
}

function isExact(text: string, ofDouble: string): boolean {
  return text === ofDouble || normal(text) === normal(ofDouble);
}

/** Every decimal number of 15 digits is exact. */
function isShort(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 16) return false;
  for (let i = start; i < end; i++) if (isExponent(bytes[i] ?? 0)) return false;
  return true;
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let i = start;
  while (isInNumber(bytes[i] ?? 0)) i++;
  return i;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isExponent(c: number): boolean {
  return c === 0x65 || c === 0x45;
}

/** A digit, a letter of the exponent, a sign or a point. */
function isInNumber(c: number): boolean {
  return isDigit(c) || isExponent(c) || c === 0x2b || c === 0x2d || c === 0x2e;
}

/** One text for all texts of the same decimal number without a sign: its digits without zeros at the ends, and a power of ten. */
function normal(text: string): string {
  const [, whole = '', fraction = '', power = '0'] = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const plain = digits.replace(/0+$/, '');
  if (plain === '') return whole === '' ? text : '0';
  return `${plain}e${Number(power) - fraction.length + digits.length - plain.length}`;
}

function numberAt(bytes: Uint8Array, start: number): string | undefined {
  const end = past(ofNumbers, bytes, start);
  return end === start ? undefined : textOf(bytes, start, end);
}

/** The offset of the first byte from `start` that is none of these. */
function past(these: Uint8Array, bytes: Uint8Array, start: number): number {
  let i = start;
  while (i < bytes.length && these.includes(bytes[i] ?? 0)) i++;
  return i;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to));
}
