import { reveal } from '../../pins/reveal.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { type Argument, argumentsOf } from './arguments.ts';

/** One tool as the page shows it; letters that nobody would see are spelled out. */
export interface ShownTool {
  name: string;
  title: string;
  description: string;
  note: string;
  arguments: readonly Argument[];
  /** Its definition as JSON; empty once the page is large enough. */
  json: string;
  /** What the server says of it, such as `changes nothing`. */
  hints: readonly string[];
  mayCall: boolean;
}

const mostJson = 400_000;

/** The tools of a server for one person. @param mayCall what the policy says to a name */
export function shownTools(tools: readonly ToolInfo[], mayCall: (tool: string) => boolean): ShownTool[] {
  let left = mostJson;
  return tools.map((tool) => {
    const { name, title, description, inputSchema, outputSchema, annotations, note } = tool;
    const json = reveal(
      JSON.stringify(
        { inputSchema, ...(outputSchema && { outputSchema }), ...(annotations && { annotations }) },
        null,
        2,
      ),
    );
    left -= json.length;
    return {
      name: reveal(name),
      title: title === name ? '' : reveal(title ?? ''),
      description: reveal(description ?? ''),
      note: note ?? '',
      arguments: argumentsOf(inputSchema),
      json: left >= 0 && inputSchema ? json : '',
      hints: hintsOf(annotations),
      mayCall: mayCall(name),
    };
  });
}

/** MCP 2025-11-25, `ToolAnnotations`: hints, and the server's own word. */
function hintsOf(annotations: ToolInfo['annotations']): string[] {
  const { readOnlyHint, destructiveHint, idempotentHint } = annotations ?? {};
  return [
    ...(readOnlyHint === true ? ['says it changes nothing'] : []),
    ...(destructiveHint === true && readOnlyHint !== true ? ['says it may destroy'] : []),
    ...(idempotentHint === true && readOnlyHint !== true ? ['says it may be repeated'] : []),
  ];
}
