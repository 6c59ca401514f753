/** Names of tools, by server. */
export type ToolNames = ReadonlyMap<string, ReadonlySet<string>>;

/** What the registry says about tools. */
export interface KnownTools {
  /** The tools that may be used (`TOOL_CHANGES=refuse`). Undefined where tools need no approval. */
  approved?: ToolNames | undefined;
  /** The tools that only read, by a definition that a person approved and that is unchanged since. */
  readOnly: ToolNames;
}

/** Whether a tool is approved. @param tools undefined where tools need no approval */
export function isApproved(tools: KnownTools | undefined, server: string, tool: string): boolean {
  return tools?.approved === undefined || (tools.approved.get(server)?.has(tool) ?? false);
}

/** Whether a rule's `hint: read-only` covers a tool. */
export function isReadOnly(tools: KnownTools | undefined, server: string, tool: string): boolean {
  return tools?.readOnly.get(server)?.has(tool) ?? false;
}
