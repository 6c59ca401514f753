import { brace, bracket, colon, endOfString, quote } from './strict-json.ts';

const closingBracket = 0x5d;
const closingBrace = 0x7d;
const space = Buffer.from(' \t\n\r');
/** One for all: making one takes longer than the rest of the search. */
const decoder = new TextDecoder();
const beginOfNumber = Buffer.from('-0123456789');
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

/**
 * Returns the values of the numbers of a body that not all programs read alike: what they stand for is no double, so that a
 * program with decimals sees another number than one without.
 * @param bytes a body that `parseStrictJson` has read
 */
export function inexactNumbers(bytes: Uint8Array): ReadonlySet<number> {
  const found = new Set<number>();
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === quote) i = endOfString(bytes, i + 1);
    else if (beginOfNumber.includes(bytes[i] ?? 0)) {
      const text = numberAt(bytes, i) ?? '';
      i += text.length - 1;
      const value = Number(text);
      if (normal(text) !== normal(String(value))) found.add(value);
    }
  }
  return found;
}

/** One text for all texts of the same decimal number: its digits without zeros at the ends, and a power of ten. */
function normal(text: string): string {
  const [, sign, whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const plain = digits.replace(/0+$/, '');
  if (plain === '') return sign === undefined ? text : `${sign}0`;
  return `${sign}${plain}e${Number(power) - fraction.length + digits.length - plain.length}`;
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
