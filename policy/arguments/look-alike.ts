/** A longer key beside a judged one is refused, so that comparing is cheap. */
const longestKey = 256;
/** More members beside a judged one are refused, for the same reason. Real calls have a few. */
const mostMembers = 1_000;

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
function headOf(key: string): string | undefined {
  const [head = ''] = key.replace(/^[^\p{L}\p{N}]+/u, '').split(/[.[/]/, 1);
  return head === '' ? undefined : head;
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
  const keys = Object.keys(object);
  if (keys.length > mostMembers) return fallback;
  for (const key of keys) {
    if (names.has(key)) continue;
    // What is under `__proto__` becomes a part of the object when a program copies it.
    if (key.length > longestKey || broken.test(key) || key === '__proto__') return fallback;
    const head = headOf(key);
    const found = folds.get(foldedKey(key)) ?? (head === undefined ? undefined : folds.get(foldedKey(head)));
    if (found !== undefined) return found;
  }
  return undefined;
}
