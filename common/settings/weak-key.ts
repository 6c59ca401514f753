/** Random hexadecimal digits have 3.6 bits each by this measure: 115 for the shortest key. */
const fewestBits = 80;
/** A shorter pattern that repeats is a word, a date or a row of digits. */
const shortestPattern = 16;
/** The part of a key that may be one row of neighbours, such as `abcdef`. */
const longestRow = 0.9;

/**
 * Whether a key of 32 characters or more was plainly not made at random: few different characters (by Shannon's entropy of
 * their frequencies), a short pattern that repeats, or one row of neighbours. It cannot notice every weak key.
 */
export function isWeakKey(key: string): boolean {
  return bitsOf(key) < fewestBits || periodOf(key) < shortestPattern || rowOf(key) > longestRow;
}

function bitsOf(key: string): number {
  const counts = Object.values(Object.groupBy(key, (letter) => letter)).map((letters) => letters?.length ?? 0);
  return counts.reduce((bits, count) => bits - count * Math.log2(count / key.length), 0);
}

/** The length of the shortest pattern of which the key is a repetition, cut off anywhere. */
function periodOf(key: string): number {
  for (let period = 1; period < key.length; period++) if (key.startsWith(key.slice(period))) return period;
  return key.length;
}

/** Which part of the steps from one character to the next is the most frequent one. */
function rowOf(key: string): number {
  const steps = [...key].slice(1).map((letter, at) => letter.charCodeAt(0) - key.charCodeAt(at));
  const same = Object.values(Object.groupBy(steps, (step) => step)).map((group) => group?.length ?? 0);
  return Math.max(...same) / steps.length;
}
