import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { type FoundTool, foundToolSchema } from '../answers.ts';
import { boundTools } from '../bounds.ts';
import { callerOf } from '../caller.ts';
import { callerFor, foundText } from '../text.ts';
import { looks, type Parts, serviceName } from './tool-set.ts';

const many = 20;
const input = z.strictObject({
  natural_language_query: z
    .string()
    .trim()
    .min(1)
    .max(1_000)
    .describe('what the tool should do, in plain words, such as: what time is it in Tokyo'),
  top_k_tools: z.int().min(1).max(many).default(3).describe('how many tools at most'),
  server: serviceName.optional().describe('only tools of this server'),
  top_n_tools: z.int().min(1).max(many).optional().describe('the former name of top_k_tools'),
  top_k_services: z.int().min(1).max(many).optional().describe('only tools of this many best-fitting servers'),
});

/** Adds the tool `intelligent_tool_finder`: finds tools that this caller may call, by a task in plain words. */
export function registerToolFinder(parts: Parts): void {
  addTool(
    parts,
    'intelligent_tool_finder',
    {
      title: 'Find tools for a task',
      description:
        'Finds tools for a task described in plain words, on all MCP servers behind this gateway; only tools that you may call. Returns the server, its endpoint, the schema of the arguments, and how to call each tool.',
      inputSchema: input,
      outputSchema: z.object({
        tools: z.array(
          foundToolSchema.extend({
            call_with: z.enum(['call_read_only_tool', 'call_tool']).describe('the tool of this server that calls it'),
          }),
        ),
        total: z.int().describe('the number of all fitting tools'),
        why: z.string().nullable().describe('if no tool fits: the reason, and what to do'),
      }),
      annotations: looks,
    },
    async (asked, context) => {
      const { natural_language_query: text, top_k_services: services, server: only } = asked;
      const count = asked.top_n_tools ?? asked.top_k_tools;
      const limit = services === undefined ? count : 50;
      const found = await parts.registry.search(callerOf(context), { text, limit, server: only });
      const best = ofBestServers(found.results, services ?? many).slice(0, count);
      const tools = boundTools(best).map((tool) => ({ ...tool, call_with: callerFor(tool) }));
      const why = tools.length > 0 ? null : (found.why?.message ?? 'No tool fits.');
      return { text: foundText(tools, why), values: { tools, total: found.total, why } };
    },
  );
}

function ofBestServers(tools: readonly FoundTool[], count: number): FoundTool[] {
  const best = new Set([...new Set(tools.map(({ server }) => server))].slice(0, count));
  return tools.filter(({ server }) => best.has(server));
}
