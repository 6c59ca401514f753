/**
 * A name that means itself in a rule, and only itself: MCP 2025-11-25, "Tool Names". A `*` would be a glob, and `all` stands
 * for every tool: a server could call a tool like that.
 */
const ruleName = /^(?!all$)[A-Za-z0-9_./-]{1,128}$/;
const rulePattern = /^[A-Za-z0-9_./-]{0,128}\*$/;

/** Whether a rule that names `tool` means this tool alone. Only such tools of a server may be offered for a rule. */
export function isRuleName(tool: string): boolean {
  return ruleName.test(tool);
}

/** Whether a rule may be given `text` as the name of a tool, or as a pattern of names with one `*` at its end. */
export function isToolPattern(text: string): boolean {
  return ruleName.test(text) || rulePattern.test(text);
}

/**
 * A name for a new scope, with no slash: every scope of an agent's token has one, so no agent holds it.
 * @param isTaken tells names that the file has
 */
export function newScopeName(parts: readonly string[], isTaken: (name: string) => boolean): string {
  const plain = parts.map((part) => part.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'scope');
  const name = plain.join('-').slice(0, 120);
  let scope = name;
  for (let number = 2; isTaken(scope); number++) scope = `${name}-${number}`;
  return scope;
}

/** Whether an agent's token may name a scope: Cognito writes `resource-server/scope`. */
export function mayBeOfAgents(scope: string): boolean {
  return scope.includes('/');
}
