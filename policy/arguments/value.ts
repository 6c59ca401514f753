import { isUnder } from '../patterns/text-glob.ts';
import type { ArgumentRule } from './tool-rule.ts';

/** Whether one value is what the rule wants. */
export type ValueJudge = (value: unknown) => boolean;

/**
 * Makes the judge of an argument that is there. Types are strict: `"5"` is no number, and null is none of the values. Of an
 * array, each element is judged; one in another is a wrong type.
 */
export function valueJudge({ values, min, max, empty }: ArgumentRule): ValueJudge {
  if (values === undefined && min === undefined && max === undefined) return () => true;
  const judge = values ? oneOf(values) : within(min, max);
  return (value) => {
    if (!Array.isArray(value)) return judge(value);
    return value.length > 0 ? value.every(judge) : empty;
  };
}

function oneOf(values: readonly (string | number | boolean)[]): ValueJudge {
  const isGlob = (value: unknown): value is string => typeof value === 'string' && value.endsWith('*');
  const globs = values.filter(isGlob).map((glob) => glob.slice(0, -1));
  const plain = new Set<unknown>(values.filter((value) => !isGlob(value)));
  return (value) => {
    if (typeof value === 'string') return plain.has(value) || globs.some((prefix) => isUnder(prefix, value));
    return plain.has(value) && (typeof value === 'boolean' || isRead(value));
  };
}

function within(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): ValueJudge {
  return (value) => isRead(value) && value >= min && value <= max;
}

/** A number that all programs read alike. They do not agree on the sign of -0, nor on whole numbers beyond 2^53. */
function isRead(value: unknown): value is number {
  if (!Number.isFinite(value) || Object.is(value, -0)) return false;
  return !Number.isInteger(value) || Number.isSafeInteger(value);
}
