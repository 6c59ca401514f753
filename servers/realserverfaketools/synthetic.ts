import { createHash } from 'node:crypto';

/** Stands first in every text and in every value, so that nobody takes an answer for a measurement. */
export const note = 'Synthetic demonstration data: made up from the arguments, it measures and means nothing.';

/** Numbers that look random and are the same each time. */
export interface Dice {
  /** A number in [low, high), with two decimals. */
  number: (low: number, high: number) => number;
  /** A whole number from low to high, both included. */
  int: (low: number, high: number) => number;
  /** One of the choices. */
  pick: <const T>(choices: readonly [T, ...T[]]) => T;
}

/**
 * Dice for one call: equal arguments give equal throws, in every process and on every machine.
 * @param seed anything JSON can hold; the order of keys counts
 */
export function diceFor(tool: string, seed: unknown): Dice {
  let block = createHash('sha256')
    .update(JSON.stringify([tool, seed]))
    .digest();
  let at = 0;
  const next = (): number => {
    if (at + 4 > block.length) {
      block = createHash('sha256').update(block).digest();
      at = 0;
    }
    const value = block.readUInt32BE(at);
    at += 4;
    return value / 2 ** 32;
  };
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    int,
    number: (low, high) => Math.round((low + next() * (high - low)) * 100) / 100,
    pick: (choices) => choices[int(0, choices.length - 1)] ?? choices[0],
  };
}
