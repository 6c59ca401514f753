/**
 * Compares two versions by their numbers, and a pre-release (`1.0.0-rc.1`) as older than its release.
 * @returns below 0 if `a` is older, above 0 if it is newer; 0 if they are equal, or cannot be compared
 */
export function compareVersions(a: unknown, b: unknown): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (!left || !right) return 0;
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(right.isEarly) - Number(left.isEarly);
}

function partsOf(version: unknown) {
  const [, digits, rest = ''] = /^v?(\d{1,15}(?:\.\d{1,15}){0,9})(.*)$/s.exec(String(version ?? '')) ?? [];
  return digits === undefined ? undefined : { numbers: digits.split('.').map(Number), isEarly: rest.startsWith('-') };
}
