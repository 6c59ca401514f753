import type { ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { toolCall } from '../../tool-call.ts';
import { changeSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { changeText } from '../text.ts';
import { type Parts, serviceName } from './tool-set.ts';

const input = z.strictObject({ service_name: serviceName });

/** Adds the tool `remove_service`: the registry forgets a server. */
export function registerRemoveService({ server, log, registry }: Parts): void {
  server.registerTool(
    'remove_service',
    {
      title: 'Remove an MCP server',
      description:
        'Removes an MCP server from the registry and the gateway, for good. Needs modify_service in the registry. toggle_service only makes it unreachable.',
      inputSchema: input,
      outputSchema: changeSchema,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    toolCall(log, 'remove_service', async (asked: z.infer<typeof input>, context: ServerContext) => {
      const change = await registry.remove(callerOf(context), asked.service_name);
      return { text: changeText(`${asked.service_name} is removed`, change), values: change };
    }),
  );
}
