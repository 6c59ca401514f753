import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { serviceDetailsSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { detailsText } from '../text.ts';
import { looks, type Parts, serviceName } from './tool-set.ts';

const input = z.strictObject({ service_name: serviceName });

/** Adds the tool `get_server_details`: everything that the registry shows this caller about one server. */
export function registerServerDetails(parts: Parts): void {
  addTool(
    parts,
    'get_server_details',
    {
      title: 'Details of an MCP server',
      description: 'What the registry knows about one MCP server: purpose, endpoints, health and, if known, its tools.',
      inputSchema: input,
      outputSchema: serviceDetailsSchema,
      annotations: looks,
    },
    async (asked, context) => {
      const details = await parts.registry.get(callerOf(context), asked.service_name);
      return { text: detailsText(details), values: details };
    },
  );
}
