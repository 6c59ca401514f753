import type { ArgumentRule } from '../../policy.ts';
import type { Condition } from './side.ts';

type Value = string | number | boolean;

/** Bounds of the whole numbers that a rule can judge. */
const [lowest, highest] = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

/**
 * Values that only a rule allows which allows all that `rule` allows: each of its values, one text for each glob that no
 * other rule names or covers by a longer glob, and for a range its ends and numbers between them that no rule names. Pure.
 * @param all the rules that it may be compared with
 */
export function samplesOf(rule: ArgumentRule, all: readonly Condition[]): Value[] {
  const named = all.flatMap((each) => each.arguments.flatMap(({ values }) => values ?? []));
  const texts = named.filter((value) => typeof value === 'string');
  const listed = (rule.values ?? []).map((value) =>
    typeof value === 'string' && value.endsWith('*') ? textUnder(value.slice(0, -1), texts) : value,
  );
  const found = [...new Set([...listed, ...numbersIn(rule, new Set(named))])];
  return found.length > 0 ? found : [textUnder('', texts), ...numbersIn({ min: 0, max: 1 }, new Set(named))];
}

function numbersIn({ min, max }: Pick<ArgumentRule, 'min' | 'max'>, named: ReadonlySet<Value>): number[] {
  if (min === undefined && max === undefined) return [];
  const [from, to] = [min ?? lowest, max ?? highest];
  const width = to - from;
  const inside = [0.5, 0.3, 0.7, 1e-9, 1 - 1e-9].map((part) => from + width * part);
  return [from, to, ...inside.filter((value) => !named.has(value) && value > from && value < to)];
}

/** A text that begins with `prefix` and that no text of the rules names, and no longer glob covers. */
function textUnder(prefix: string, texts: readonly string[]): string {
  const next = new Set(texts.filter((text) => text.startsWith(prefix)).map((text) => text.charAt(prefix.length)));
  for (let i = 0; ; i++) {
    // There are more letters than texts, so this loop ends.
    const letter = i < letters.length ? letters.charAt(i) : String.fromCodePoint(0x4e00 + i);
    if (!next.has(letter)) return prefix + letter;
  }
}

const letters = 'xyzabcdefghijklmnopqrstuvw0123456789';
