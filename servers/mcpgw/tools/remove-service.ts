import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { changeSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { changeText } from '../text.ts';
import { type Parts, serviceName } from './tool-set.ts';

const input = z.strictObject({ service_name: serviceName });

/** Adds the tool `remove_service`: removes a server from the registry. */
export function registerRemoveService(parts: Parts): void {
  addTool(
    parts,
    'remove_service',
    {
      title: 'Remove an MCP server',
      description:
        'Permanently removes an MCP server from the registry and the gateway. Needs modify_service in the registry. toggle_service only makes it unreachable.',
      inputSchema: input,
      outputSchema: changeSchema,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    async (asked, context) => {
      const change = await parts.registry.remove(callerOf(context), asked.service_name);
      return { text: changeText(`${asked.service_name} is removed`, change), values: change };
    },
  );
}
