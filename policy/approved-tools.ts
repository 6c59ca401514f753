/** Names of the approved tools, by server. A tool that is not listed may not be called. */
export type ApprovedTools = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether a tool is approved. @param approved undefined where tools need no approval */
export function isApproved(approved: ApprovedTools | undefined, server: string, tool: string): boolean {
  return approved === undefined || (approved.get(server)?.has(tool) ?? false);
}
