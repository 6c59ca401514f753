import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { serviceSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { fits, listText } from '../text.ts';
import { looks, type Parts } from './tool-set.ts';

const input = z.strictObject({
  query: z
    .string()
    .max(200)
    .default('')
    .describe('words that must all occur in the name, title, description or tags; empty: all servers'),
});

/** Adds the tool `list_services`: the servers that the caller may see. */
export function registerListServices(parts: Parts): void {
  addTool(
    parts,
    'list_services',
    {
      title: 'List MCP servers',
      description: 'The MCP servers behind this gateway that you may see, with their endpoints and health.',
      inputSchema: input,
      outputSchema: z.object({ services: z.array(serviceSchema), total: z.int().describe('number of services') }),
      annotations: looks,
    },
    async ({ query }, context) => {
      const services = (await parts.registry.list(callerOf(context))).filter((service) => fits(service, query));
      return { text: listText(services, query), values: { services, total: services.length } };
    },
  );
}
