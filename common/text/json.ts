/** Parses JSON. @returns undefined for other text, which fits no schema */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
