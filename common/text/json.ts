/** Parses JSON. @returns undefined for other text, which fits no schema */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The escape of a UTF-16 code unit in a JSON string, such as `\u00e9` (RFC 8259 section 7). */
export function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The same JSON in printable ASCII, so that it may stand in a header. @param json on one line */
export function asciiJson(json: string): string {
  return json.replace(/[^ -~]/g, escapedUnit);
}
