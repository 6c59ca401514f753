import { saysReadOnly } from '../servers/definition.ts';
import type { ToolInfo } from '../servers/tool.ts';
import type { DefinitionHashes, ServerDefinitions } from '../store/definitions.ts';

/**
 * The tools of a server that only read, by their approved definitions (`readOnlyHint`; MCP 2025-11-25, "Tool Annotations"). A tool
 * of which another definition waits for approval is none.
 */
export function readOnlyTools({ approved, pending }: ServerDefinitions): string[] {
  return [...approved.values()]
    .filter(({ name, parts }) => !pending.has(name) && saysReadOnly(parts?.annotations))
    .map(({ name }) => name);
}

/** Makes the same question about one tool as last announced, from memory: for a hint, and not for a decision. */
export function readOnlyHint(hashes: () => DefinitionHashes): (server: string, tool: ToolInfo) => boolean {
  return (server, { name, annotations }) => {
    const known = hashes().get(server);
    return known?.approved.has(name) === true && !known.pending.has(name) && saysReadOnly(annotations);
  };
}
