import type { Program } from './setting.ts';
import { settingList, settings } from './table.ts';

/** A probable mistake in a variable that does not prevent a program from starting. */
type Notice = { variable: string; message: string };

const ourPrefixes = /^(COGNITO|REGISTRY|AUTH_SERVER|RELAY|MCPGW|CURRENTTIME|METRICS|OIDC)_/;

/**
 * Finds probable mistakes in an environment: a name that is almost the name of a setting, an unknown name with one of our
 * prefixes, and white space around a value (it is cut off).
 * @param programs whose settings to check; all if omitted
 * @returns one notice for each variable; none repeats a value
 */
export function noticesOn(env: NodeJS.ProcessEnv, programs?: readonly Program[]): Notice[] {
  const own = (name: string) =>
    programs === undefined || settingList.some(([n, s]) => n === name && s.readBy.some((p) => programs.includes(p)));
  return Object.entries(env).flatMap(([variable, value]): Notice[] => {
    if (value === undefined) return [];
    if (Object.hasOwn(settings, variable)) {
      if (value === value.trim() || value.trim() === '' || !own(variable)) return [];
      return [{ variable, message: `${variable} has white space around its value; it is cut off` }];
    }
    const near = nearestName(variable);
    if (near !== undefined) {
      return own(near) ? [{ variable, message: `${variable} is no setting: did you mean ${near}?` }] : [];
    }
    // The auth-server has settings with most prefixes. If every service warned, one mistake would cause six warnings.
    if (!ourPrefixes.test(variable) || !(programs?.includes('auth-server') ?? true)) return [];
    return [{ variable, message: `${variable} is no setting: nothing reads it (docs/configuration.md has the list)` }];
  });
}

/** The setting whose name differs by at most two letters (wrong, missing, additional or swapped); by one if it is short. */
function nearestName(name: string): string | undefined {
  const most = name.length < 9 ? 1 : 2;
  const near = settingList
    .filter(([known]) => Math.abs(known.length - name.length) <= most)
    .map(([known]) => ({ known, distance: editDistance(name.toUpperCase(), known, most) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.known;
}

/**
 * The number of single-letter changes and swaps of neighbours that turn one text into another (Damerau-Levenshtein).
 * @returns Infinity if it is certain to be more than `most`: each start compares all variables with all settings
 */
export function editDistance(a: string, b: string, most: number): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const changed = last[j - 1] ?? 0;
      const best = isSame ? changed : 1 + Math.min(changed, last[j] ?? 0, row[j - 1] ?? 0);
      row.push(isSwapped ? Math.min(best, (before[j - 2] ?? 0) + 1) : best);
    }
    if (row.every((distance) => distance > most)) return Number.POSITIVE_INFINITY;
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
