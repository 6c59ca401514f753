/** Of each server whose tools were ever seen, the names of those that may be used: what is not in here may not. */
export type ApprovedTools = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether a tool may be used as far as approval goes. @param approved undefined if that is asked of no tool */
export function isApproved(approved: ApprovedTools | undefined, server: string, tool: string): boolean {
  return approved === undefined || (approved.get(server)?.has(tool) ?? false);
}
