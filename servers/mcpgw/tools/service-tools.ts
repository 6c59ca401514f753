import * as z from 'zod';
import { addTool, ToolError } from '../../tool-call.ts';
import { type ServiceDetails, toolSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { toolsText } from '../text.ts';
import { looks, type Parts, serviceName } from './tool-set.ts';

const input = z.strictObject({ service_name: serviceName });
const announced = z.object({ tools: z.array(toolSchema) });

/** Adds the tool `get_service_tools`: the tools that one server listed at the registry's last check. */
export function registerServiceTools(parts: Parts): void {
  addTool(
    parts,
    'get_service_tools',
    {
      title: 'Tools of an MCP server',
      description:
        'The tools of one MCP server with the JSON schemas of their arguments, as the registry last saw them. You may not be allowed to call all of them: intelligent_tool_finder shows only tools that you may call.',
      inputSchema: input,
      outputSchema: z.object({ service_name: z.string(), tools: z.array(toolSchema), total: z.int() }),
      annotations: looks,
    },
    async (asked, context) => {
      const details = await parts.registry.get(callerOf(context), asked.service_name);
      const tools = toolsIn(details);
      const values = { service_name: details.name, tools, total: tools.length };
      return { text: toolsText(details.name, tools), values };
    },
  );
}

function toolsIn(details: ServiceDetails) {
  const { data } = announced.safeParse(details);
  if (!data) throw new ToolError(`the registry does not say which tools ${details.name} has`);
  return data.tools;
}
