const mostIndented = 20;

/** A value as JSON: indented, unless it is so deep that the indent could be many times as long as the JSON. */
export function indentedJson(value: unknown): string {
  return JSON.stringify(value, null, isDeep(value, mostIndented) ? 0 : 2);
}

function isDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeep(inner, depth - 1));
}
