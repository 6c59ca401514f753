/** The lines of a log without the statements that the audit signs once a minute: one looks like a token, and is none. */
export function withoutStatements(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.includes('"reason":"audit_statement"'));
}
