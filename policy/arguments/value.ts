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
  const areAll = values?.some((each) => each !== '*') ? boundedList(values, judge) : allBy(judge);
  return (value) => {
    if (!Array.isArray(value)) return judge(value);
    return value.length > 0 ? areAll(value) : empty;
  };
}

type List = readonly unknown[];

const allBy = (judge: ValueJudge) => (list: List) => list.every(judge);

/** Characters of all texts in a list that globs judge: longer lists would take seconds, for each of many rules. */
const mostCharacters = 65_536;
/** What was found of a list, by the values that it may have: many rules and groups may name the same. */
const known = new WeakMap<List, Map<string, boolean>>();

function boundedList(values: List, judge: ValueJudge): (list: List) => boolean {
  const key = JSON.stringify(values);
  const written = new Set(values);
  return (list) => {
    const found = known.get(list) ?? new Map<string, boolean>();
    known.set(list, found);
    const verdict = found.get(key) ?? (charactersIn(list, written) <= mostCharacters && list.every(judge));
    found.set(key, verdict);
    return verdict;
  };
}

/** @param written values that are only looked up */
function charactersIn(list: List, written: ReadonlySet<unknown>): number {
  return list.reduce<number>(
    (sum, each) => sum + (typeof each === 'string' && !written.has(each) ? each.length : 0),
    0,
  );
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
