/** What a server wrote about its tools may take this many characters of an answer: a model has to read it. */
const mostCharacters = 200_000;
const longestDescription = 4_000;
const shortestDescription = 200;
const longestSchemas = 32_000;
const schemas = new Set(['inputSchema', 'outputSchema', 'annotations', 'input_schema']);
const schemaNote = 'Its schema is too large for this answer. The tools/list of its server has it.';

/** A tool of any answer. */
interface Described {
  title?: string | null | undefined;
  description?: string | null | undefined;
}

/**
 * Cuts tools to what an answer may hold: descriptions are shortened, schemas become null with a note. The order stays; the
 * last tools may be missing.
 */
export function boundTools<T extends Described>(tools: readonly T[]): T[] {
  let left = mostCharacters;
  const shown: T[] = [];
  for (const tool of tools) {
    if (left <= -mostCharacters) break;
    const whole = { ...tool };
    shorten(whole, 'title', shortestDescription);
    shorten(whole, 'description', left > 0 ? longestDescription : shortestDescription);
    const size = JSON.stringify(whole).length;
    const isLarge = size > Math.min(longestSchemas, left) && hasSchemas(tool);
    const cut = isLarge ? { ...withoutSchemas(whole), note: schemaNote } : whole;
    left -= isLarge ? JSON.stringify(cut).length : size;
    shown.push(cut);
  }
  return shown;
}

function hasSchemas(tool: object): boolean {
  return Object.entries(tool).some(([key, value]) => schemas.has(key) && value !== null);
}

function withoutSchemas<T extends object>(tool: T): T {
  return Object.fromEntries(Object.entries(tool).map(([key, value]) => [key, schemas.has(key) ? null : value])) as T;
}

function shorten(tool: Described, key: keyof Described, longest: number): void {
  const text = tool[key];
  if (text && text.length > longest) tool[key] = `${text.slice(0, longest)}…`;
}
