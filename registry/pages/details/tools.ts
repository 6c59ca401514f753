import { reveal } from '../../pins/reveal.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { argumentsOf } from './arguments.ts';

/** Characters of JSON on one page. After that, `json` is empty. */
const mostJson = 400_000;

/**
 * The tools of a server for one person. Invisible characters are spelled out.
 * @param mayCall whether the policy allows a call of this tool
 */
export function shownTools(tools: readonly ToolInfo[], mayCall: (tool: string) => boolean) {
  let left = mostJson;
  return tools.map((tool) => {
    const { name, title, description, inputSchema, outputSchema, annotations, note } = tool;
    const definition = { inputSchema, ...(outputSchema && { outputSchema }), ...(annotations && { annotations }) };
    const json = reveal(JSON.stringify(definition, null, 2));
    left -= json.length;
    return {
      name: reveal(name),
      title: title === name ? '' : reveal(title ?? ''),
      description: reveal(description ?? ''),
      note: reveal(note ?? ''),
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
