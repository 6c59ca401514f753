import { dynamicTool, jsonSchema, type ToolSet } from 'ai';
import * as z from 'zod';
import { callTool, type Session } from '../session.ts';

/** The most characters of a tool's answer that the model gets, because its provider bills them. */
const maxResult = 30_000;

const findInput = z.object({
  natural_language_query: z.string().min(1).max(1000),
  top_k_tools: z.int().min(1).max(20).default(5),
});
const invokeInput = z.object({
  server: z.string().min(1).max(100),
  tool: z.string().min(1).max(200),
  arguments: z.record(z.string(), z.unknown()).default({}),
});
const noInput = z.object({});

/**
 * The model's tools: find and list tools, list servers, and run a tool. Each call runs as the caller, and the gateway
 * checks it. Answers of tools are passed on as data.
 */
export function modelTools(session: Session): ToolSet {
  const { toolbox, print } = session;
  return {
    intelligent_tool_finder: makeTool(
      'Finds tools of the MCP servers behind the gateway by a description of what is needed. Returns server, tool, description and input_schema of each.',
      findInput,
      async ({ natural_language_query, top_k_tools }) => {
        print.progress(`looking for a tool: ${natural_language_query}`);
        const found = await toolbox.find(natural_language_query, top_k_tools);
        const tools = found.map(({ server, tool, description, rawSchema }) => ({
          server,
          tool,
          description,
          input_schema: rawSchema,
        }));
        return bounded({ tools, ...(tools.length === 0 && { note: 'No tool that this caller may use fits.' }) });
      },
    ),
    list_servers: makeTool('The MCP servers behind the gateway that the caller may see.', noInput, async () => {
      print.progress('looking at the servers …');
      return bounded({ servers: await toolbox.servers() });
    }),
    list_tools: makeTool(
      'The tools of one MCP server that the caller may use, with their input schemas.',
      z.object({ server: z.string().min(1).max(100) }),
      async ({ server }) => {
        print.progress(`looking at the tools of ${server} …`);
        const tools = await toolbox.tools(server);
        return bounded({
          tools: tools.map(({ name, description, inputSchema }) => ({
            tool: name,
            description,
            input_schema: inputSchema,
          })),
        });
      },
    ),
    invoke_tool: makeTool(
      'Runs a tool of an MCP server, as the caller. Arguments must fit the input_schema that the finder returned.',
      invokeInput,
      async (input) => {
        const outcome = await callTool(session, input.server, input.tool, input.arguments);
        if (outcome) return bounded({ state: outcome.state, result: outcome.text });
        return { state: 'not run', result: 'The tool may change something, and the caller has not agreed to it.' };
      },
    ),
  };
}

function makeTool<T extends z.ZodObject>(
  description: string,
  schema: T,
  run: (input: z.output<T>) => Promise<Record<string, unknown>>,
): ToolSet[string] {
  return dynamicTool({
    description,
    inputSchema: jsonSchema(z.toJSONSchema(schema, { io: 'input' }) as Parameters<typeof jsonSchema>[0]),
    execute: async (input) => {
      const read = schema.safeParse(input);
      // A model can correct its mistake if it gets the error.
      if (!read.success) return { state: 'failed', result: `wrong arguments: ${z.prettifyError(read.error)}` };
      return run(read.data);
    },
  });
}

function bounded(value: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(value);
  if (text.length <= maxResult) return value;
  return { cut: true, note: `the first ${maxResult} of ${text.length} characters`, text: text.slice(0, maxResult) };
}
