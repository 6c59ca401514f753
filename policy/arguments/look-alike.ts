/** A longer key beside a judged one is refused, so that comparing is cheap. */
const longestKey = 256;
/** More members beside a judged one are refused, for the same reason. Real calls have a few. */
const mostMembers = 1_000;
/** So are longer names in all: each may grow to eighteen times its length when it is folded. */
const mostCharacters = 32_768;

/** Programs that are written in C read a key up to a NUL; others drop halves of characters. */
const broken = /[\p{Cc}\p{Cs}]/u;

/**
 * What careless programs make of a key: they fold its letters, read compatibility characters as those that they resemble,
 * drop what is not seen, and take `repo_name`, `repo-name` and `repoName` for one name.
 */
export function foldedKey(key: string): string {
  const plain = key.normalize('NFKC').toUpperCase().normalize('NFKD');
  return plain.replace(/[^\p{L}\p{N}]/gu, '') || plain;
}

/** The first part of a key that some programs read as a path to a part of something: of `repo[0]` or `repo.0`, `repo`. */
function headOf(key: string): string {
  return key.replace(/^[^\p{L}\p{N}]+/u, '').replace(/[.[/].*/s, '');
}

interface Key {
  key: string;
  /** What it may stand for, folded; undefined if it may stand for any key. */
  likely: readonly string[] | undefined;
}

/** Of each object, because many rules may judge it. */
const known = new WeakMap<object, readonly Key[]>();

/** The keys of an object; undefined if there are too many to compare. */
function keysOf(object: object): readonly Key[] | undefined {
  const found = known.get(object);
  if (found) return found;
  const names = Object.keys(object);
  const characters = names.reduce((sum, { length }) => sum + length, 0);
  if (names.length > mostMembers || characters > mostCharacters) return undefined;
  const keys = names.map((key) => ({ key, likely: likelyOf(key) }));
  known.set(object, keys);
  return keys;
}

function likelyOf(key: string): string[] | undefined {
  // What is under `__proto__` becomes a part of the object when a program copies it.
  if (key.length > longestKey || broken.test(key) || key === '__proto__') return undefined;
  return [key, headOf(key)].map(foldedKey);
}

/** The keys of one object that are judged, and what they fold to. */
export interface JudgedLevel {
  names: ReadonlySet<string>;
  /** By folded key: the argument that a program could find under a key that looks like it. */
  folds: ReadonlyMap<string, string>;
}

/**
 * Returns the argument that some program could read from another key than the judged one; undefined if there is none.
 * @param fallback the argument to name for a key that could stand for any
 */
export function imitated(object: object, { names, folds }: JudgedLevel, fallback: string): string | undefined {
  const keys = keysOf(object);
  if (!keys) return fallback;
  for (const { key, likely } of keys) {
    if (names.has(key)) continue;
    if (!likely) return fallback;
    const found = likely.map((each) => folds.get(each)).find((each) => each !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}
