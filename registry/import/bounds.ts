/** An entry of the MCP registry has some hundred values, a file of the original some thousand for its tools. */
const mostValues = 20_000;
const deepest = 50;
const longestText = 20_000;

/** Why an imported entry cannot be a server here. The message tells the person what is wrong and what to do. */
export class EntryRefused extends Error {
  override readonly name = 'EntryRefused';
}

/**
 * Looks at an entry before anything else walks it.
 * @throws {EntryRefused} if it is nested too deeply, or has too many values or a text that is too long
 */
export function boundEntry(entry: unknown): void {
  let left = mostValues;
  const look = (value: unknown, depth: number): void => {
    if (left-- <= 0) throw new EntryRefused(`It has more than ${mostValues} values.`);
    if (typeof value === 'string' && value.length > longestText)
      throw new EntryRefused(`It has a text of more than ${longestText} characters.`);
    if (typeof value !== 'object' || value === null) return;
    if (depth === deepest) throw new EntryRefused(`It is nested more deeply than ${deepest} levels.`);
    for (const inner of Object.values(value)) look(inner, depth + 1);
  };
  look(entry, 0);
}
