import { createHash } from 'node:crypto';

/** Starts every text and every result, so that no answer passes for a measurement. */
export const note = 'Synthetic demonstration data: made up from the arguments, it measures and means nothing.';

/** Reproducible pseudo-random numbers. */
export interface Dice {
  /** A number in [low, high), with two decimals. */
  number: (low: number, high: number) => number;
  /** A whole number from low to high, both included. */
  int: (low: number, high: number) => number;
  /** One of the choices. */
  pick: <const T>(choices: readonly [T, ...T[]]) => T;
}

/**
 * The dice of one call. Equal arguments give equal numbers, in every process and on every machine.
 * @param seed any JSON value; the order of keys matters
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
