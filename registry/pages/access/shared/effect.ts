import type { ToolInfo } from '../../../servers/tool.ts';

/** What a tool does by its own words: MCP 2025-11-25, `ToolAnnotations`. These are claims of the server. */
export type Effect = 'reads' | 'changes' | 'destroys';

/** A tool that says nothing about it may destroy. */
export function effectOf({ annotations }: Pick<ToolInfo, 'annotations'>): Effect {
  const { readOnlyHint, destructiveHint } = annotations ?? {};
  if (readOnlyHint === true && destructiveHint !== true) return 'reads';
  return destructiveHint === false ? 'changes' : 'destroys';
}
