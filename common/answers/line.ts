import { escapedUnit } from '../text/json.ts';

/**
 * Writes checked JSON as one line that every reader of event streams takes for one line. Outside of strings, JSON has line
 * feeds and carriage returns only as white space. Inside, it may have characters at which some readers (such as Python's
 * `splitlines`) begin a new line: they are escaped. So are byte order marks, which some readers drop wherever they find them.
 * @param json valid JSON in UTF-8, in pieces
 */
export function asLine(...json: readonly Uint8Array[]): Buffer {
  const line = Buffer.concat(json);
  for (const end of [0x0a, 0x0d]) {
    for (let at = line.indexOf(end); at !== -1; at = line.indexOf(end, at + 1)) line[at] = 0x20;
  }
  return mayBreak.some((sign) => line.includes(sign)) ? escaped(line) : line;
}

/** The bytes of U+0085 and U+FEFF, and of U+2028 and U+2029 without the last. */
const mayBreak = [Buffer.from([0xc2, 0x85]), Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from([0xe2, 0x80])];

function escaped(line: Buffer): Buffer {
  const text = line.toString('utf8');
  return Buffer.from(text.replace(/[\u0085\u2028\u2029\ufeff]/g, escapedUnit));
}
