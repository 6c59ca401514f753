import type { ArgumentRule } from '../../policy.ts';
import type { Condition } from './side.ts';

type Value = string | number | boolean;

/** Bounds of the whole numbers that a rule can judge. */
const [lowest, highest] = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

/**
 * Values that only a rule allows which allows all that `rule` allows: each of its values, for each glob texts that no other
 * rule names or covers by a longer glob, and for a range its ends and numbers between them that no rule names. Pure.
 * @param all the rules that it may be compared with
 * @param allows whether `rule` allows a value
 * @returns undefined if one of its values has no sample
 */
export function samplesOf(
  { values, min, max }: Pick<ArgumentRule, 'values' | 'min' | 'max'>,
  all: readonly Condition[],
  allows: (value: unknown) => boolean,
): Value[] | undefined {
  const named = all.flatMap((each) => each.arguments.flatMap((argument) => argument.values ?? []));
  const texts = named.filter((value) => typeof value === 'string');
  const groups = (values ?? []).map((value) =>
    typeof value === 'string' && value.endsWith('*') ? textsUnder(value.slice(0, -1), texts) : [value],
  );
  if (min !== undefined || max !== undefined) groups.push(numbersIn(min ?? lowest, max ?? highest, new Set(named)));
  if (groups.length === 0) groups.push([...textsUnder('', texts), ...numbersIn(0, 1, new Set(named)), true]);
  const allowed = groups.map((group) => group.filter(allows));
  return allowed.every((group) => group.length > 0) ? [...new Set(allowed.flat())] : undefined;
}

function numbersIn(from: number, to: number, named: ReadonlySet<Value>): number[] {
  const width = to - from;
  const inside = [0.5, 0.3, 0.7, 1e-9, 1 - 1e-9].map((part) => from + width * part);
  return [from, to, ...inside.filter((value) => !named.has(value) && value > from && value < to)];
}

/** What a text under a glob may go on with. A glob of addresses takes fewer of these than another, and some none at the end of a host. */
const endings = ['', '/x', '?x', '#x', '&x', '=x', ':x', ';x', ',x', '.x', '-x', ' x', '%20x', '@x', '(x)', 'é', '文'];

/** Texts that begin with `prefix`, that no text of the rules names and no longer glob covers. */
function textsUnder(prefix: string, texts: readonly string[]): string[] {
  const letter = freshAfter(prefix, texts);
  const more = ['/', '?', ':', '#'].filter((mark) => freshAfter(prefix + mark, texts) === letters.charAt(0));
  return [
    ...endings.map((ending) => prefix + letter + ending),
    ...more.map((mark) => prefix + mark + letters.charAt(0)),
  ];
}

/** A letter with which no text that begins with `prefix` goes on. */
function freshAfter(prefix: string, texts: readonly string[]): string {
  const next = new Set(texts.filter((text) => text.startsWith(prefix)).map((text) => text.charAt(prefix.length)));
  for (let i = 0; ; i++) {
    // There are more letters than texts, so this loop ends.
    const letter = i < letters.length ? letters.charAt(i) : String.fromCodePoint(0x4e00 + i);
    if (!next.has(letter)) return letter;
  }
}

const letters = 'xyzabcdefghijklmnopqrstuvw0123456789';
