/**
 * Servers that the registry itself trusts: it takes the assertions that were made for them. Whoever could put another
 * server behind such a name would get everybody's assertions, and act as them.
 */
const fixedNames: ReadonlySet<string> = new Set(['mcpgw']);

/** Whether where this server runs is said by the configuration only. */
export function isFixedName(name: string): boolean {
  return fixedNames.has(name);
}
