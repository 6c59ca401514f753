/** JSON as written: the members of an object in order, including duplicate keys. */
export type Written = null | boolean | number | string | Written[] | Members;
export class Members {
  readonly pairs: readonly [string, Written][];
  constructor(pairs: readonly [string, Written][]) {
    this.pairs = pairs;
  }
}

const maxDepth = 64;
const escapes: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** RFC 8259 character by character: slow, strict, without a library. Duplicate keys are kept. */
class Reader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  document(): Written {
    const value = this.#value(1);
    if (this.#at !== this.#text.length) throw new Error('there is text after the value');
    return value;
  }

  #value(depth: number): Written {
    this.#take(/[ \t\n\r]*/y);
    const value = this.#bareValue(depth);
    this.#take(/[ \t\n\r]*/y);
    return value;
  }

  #bareValue(depth: number): Written {
    const first = this.#text[this.#at];
    if ((first === '{' || first === '[') && depth > maxDepth) throw new Error('too deep');
    if (first === '{') return new Members(this.#list('{', '}', () => this.#member(depth)));
    if (first === '[') return this.#list('[', ']', () => this.#value(depth + 1));
    if (first === '"') return this.#string();
    const word = this.#take(/true|false|null/y);
    if (word !== undefined) return word === 'null' ? null : word === 'true';
    const number = this.#take(/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y);
    if (number === undefined) throw new Error('no value');
    return Number(number);
  }

  #list<T>(open: string, close: string, item: () => T): T[] {
    const items: T[] = [];
    this.#expect(open);
    this.#take(/[ \t\n\r]*/y);
    if (this.#text[this.#at] === close) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(item());
      if (this.#text[this.#at] !== ',') break;
      this.#at++;
    }
    this.#expect(close);
    return items;
  }

  #member(depth: number): [string, Written] {
    this.#take(/[ \t\n\r]*/y);
    const key = this.#string();
    this.#take(/[ \t\n\r]*/y);
    this.#expect(':');
    return [key, this.#value(depth + 1)];
  }

  #string(): string {
    this.#expect('"');
    let text = '';
    for (;;) {
      const letter = this.#text[this.#at++];
      if (letter === undefined || letter < ' ')
        throw new Error('a string does not end, or contains a control character');
      if (letter === '"') return text;
      text += letter === '\\' ? this.#escape() : letter;
    }
  }

  #escape(): string {
    const hex = this.#take(/u[0-9a-fA-F]{4}/y);
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex.slice(1), 16));
    const letter = escapes[this.#text[this.#at++] ?? ''];
    if (letter === undefined) throw new Error('no such escape');
    return letter;
  }

  #expect(letter: string): void {
    if (this.#text[this.#at] !== letter) throw new Error(`expected ${letter}`);
    this.#at++;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

/** Reads a body. @throws {Error} if it is not JSON in UTF-8 without a byte order mark, at most 64 levels deep */
export function readAsWritten(bytes: Uint8Array): Written {
  const text = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw new Error('not UTF-8');
  return new Reader(text).document();
}

/** Whether every parser sees the same structure in `value`: no duplicate keys. */
export function isUnambiguous(value: Written): boolean {
  if (Array.isArray(value)) return value.every(isUnambiguous);
  if (!(value instanceof Members)) return true;
  const keys = value.pairs.map(([key]) => key);
  return new Set(keys).size === keys.length && value.pairs.flat().every(isUnambiguous);
}

/** Whether the parsed value equals the written one. */
export function isSame(written: Written, value: unknown): boolean {
  if (Array.isArray(written)) {
    return Array.isArray(value) && value.length === written.length && written.every((w, i) => isSame(w, value[i]));
  }
  if (!(written instanceof Members)) return Object.is(written, value);
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== written.pairs.length) return false;
  const own = new Map(Object.entries(value));
  return written.pairs.every(([key, w]) => own.has(key) && isSame(w, own.get(key)));
}
