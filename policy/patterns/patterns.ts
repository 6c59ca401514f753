type Covers = (prefix: string, name: string) => boolean;
const always: Covers = () => true;

/**
 * A set of names and prefix globs (`get_*`, `*`), each with a value. Look-up time does not depend on their number: one
 * map holds whole names, another holds prefixes and is read once per prefix length in use.
 */
export class Patterns<T> {
  readonly #exact = new Map<string, T>();
  readonly #prefixes = new Map<string, T>();
  readonly #lengths: number[] = [];

  /** Returns the value of `pattern`; `create` makes it when the pattern is new. */
  at(pattern: string, create: () => T): T {
    const glob = pattern.endsWith('*');
    const key = glob ? pattern.slice(0, -1) : pattern;
    const map = glob ? this.#prefixes : this.#exact;
    let value = map.get(key);
    if (value === undefined) {
      value = create();
      map.set(key, value);
      if (glob && !this.#lengths.includes(key.length)) this.#lengths.push(key.length);
    }
    return value;
  }

  /** Returns the value of the whole name `name`; globs do not match. */
  exact(name: string): T | undefined {
    return this.#exact.get(name);
  }

  /** Whether a lone `*` is among the patterns. */
  coversAll(): boolean {
    return this.#prefixes.has('');
  }

  /**
   * Whether a pattern could match some name that starts with `prefix`. The time grows with the number of patterns.
   * @param covers as for `matching`: whether a shorter glob covers what starts with `prefix`
   */
  overlaps(prefix: string, covers: Covers = always): boolean {
    if (this.#exact.keys().some((name) => name.startsWith(prefix))) return true;
    return this.#prefixes
      .keys()
      .some((glob) => glob.startsWith(prefix) || (prefix.startsWith(glob) && covers(glob, prefix)));
  }

  /**
   * Yields the values of all patterns that match `name`, the whole name first.
   * @param covers whether a glob covers a name that starts with its prefix. Default: always
   */
  *matching(name: string, covers: Covers = always): Generator<T> {
    const exact = this.exact(name);
    if (exact !== undefined) yield exact;
    for (const length of this.#lengths) {
      if (length > name.length) continue;
      const prefix = name.slice(0, length);
      const value = this.#prefixes.get(prefix);
      if (value !== undefined && covers(prefix, name)) yield value;
    }
  }
}

/** Whether a pattern of the policy file is valid: a whole name, or a prefix followed by one `*`. */
export function isPattern(text: string): boolean {
  const star = text.indexOf('*');
  return text.length > 0 && (star === -1 || star === text.length - 1);
}

/** The Python original writes `all` for `*`. */
export function wildcard(pattern: string): string {
  return pattern === 'all' ? '*' : pattern;
}
