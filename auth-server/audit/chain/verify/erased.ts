import { createHash, type Hash } from 'node:crypto';
import { addRest, type ErasedRange } from '../statement.ts';
import type { Faults } from './fault.ts';
import type { StoredRecord } from './writer.ts';

/**
 * Checks what is left of the erased records of one writer against the statements.
 * @param ranges by their first number
 */
export function createErasedCheck(name: string, ranges: readonly ErasedRange[], faults: Faults) {
  let index = 0;
  let state: { hash: Hash; erased: number } | undefined;
  const finish = () => {
    const range = ranges[index];
    if (range && state && state.erased > 0) {
      const { from, to, rest } = range;
      const isWhole = state.erased === to - from + 1 && state.hash.digest('base64url') === rest;
      const which =
        from === to
          ? `What is left of the erased record ${from}`
          : `What is left of the erased records ${from} to ${to}`;
      if (!isWhole) faults.add({ code: 'record_changed', text: `${which} was changed.`, writer: name, from, to });
    }
    state = undefined;
    index++;
  };
  return {
    /** @returns whether a statement says that this row was erased, and it is */
    row({ number, salt, record }: StoredRecord): boolean {
      while (index < ranges.length && (ranges[index] as ErasedRange).to < number) finish();
      const range = ranges[index];
      if (!range || number < range.from || salt !== null || typeof record !== 'string') return false;
      state ??= { hash: createHash('sha256'), erased: 0 };
      addRest(state.hash, record);
      state.erased++;
      return true;
    },
    end(): void {
      while (index < ranges.length) finish();
    },
  };
}
