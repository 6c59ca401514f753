import type { Limit, PolicySource } from '../../policy.ts';
import { isFelt, isHeld } from '../diff-limits.ts';
import { limitWords } from '../words.ts';
import { type Finding, info, warning } from './finding.ts';

/** Finds limits that hold no one, or nothing more than another limit. Pure. */
export function lintLimits({ limits, groups, scopes }: PolicySource): Finding[] {
  const rules = [...scopes.values()].flat();
  const isKnown = (name: string) => groups.has(name) || scopes.has(name);
  return limits.flatMap((limit, i) => {
    const unknown = (limit.who ?? []).filter((name) => !isKnown(name));
    const by = limits.find((other, j) => i !== j && holdsAll(other, limit) && (j < i || !holdsAll(limit, other)));
    return [
      ...unknown.map((name) => warning(limit.at, `names ${name}, which is neither a group nor a scope of this file`)),
      ...(isFelt(limit, rules) ? [] : [info(limit.at, 'counts no call that a rule allows')]),
      ...(by ? [warning(limit.at, `has no effect: ${by.at} allows only ${limitWords(by)}`)] : []),
    ];
  });
}

/** Whether all whom `narrow` holds are held by `wide`, to no more calls. */
function holdsAll(wide: Limit, narrow: Limit): boolean {
  const isForAll = wide.who === undefined || (narrow.who?.every((name) => wide.who?.includes(name)) ?? false);
  return isForAll && isHeld(narrow, [wide]);
}
