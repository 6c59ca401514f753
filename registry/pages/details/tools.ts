import { reveal } from '../../pins/reveal.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { type Argument, argumentsOf } from './arguments.ts';

/** One tool as the page shows it. Invisible characters are spelled out. */
export interface ShownTool {
  name: string;
  title: string;
  description: string;
  note: string;
  arguments: readonly Argument[];
  /** Its definition as JSON; empty once the page has 400 kB of JSON. */
  json: string;
  /** Claims of the server, such as `says it changes nothing`. */
  hints: readonly string[];
  mayCall: boolean;
}

const mostJson = 400_000;

/** The tools of a server for one person. @param mayCall whether the policy allows a call of this tool */
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

/** MCP 2025-11-25, `ToolAnnotations`: unverified claims of the server. */
function hintsOf(annotations: ToolInfo['annotations']): string[] {
  const { readOnlyHint, destructiveHint, idempotentHint } = annotations ?? {};
  return [
    ...(readOnlyHint === true ? ['says it changes nothing'] : []),
    ...(destructiveHint === true && readOnlyHint !== true ? ['says it may destroy'] : []),
    ...(idempotentHint === true && readOnlyHint !== true ? ['says it may be repeated'] : []),
  ];
}
