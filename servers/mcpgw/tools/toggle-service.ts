import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { changeSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { changeText } from '../text.ts';
import { type Parts, serviceName } from './tool-set.ts';

const input = z.strictObject({
  service_name: serviceName,
  enabled: z.boolean().describe('true: requests reach it; false: they do not, and open streams end'),
});

/** Adds the tool `toggle_service`: a route for a server, or none. It takes the state wanted, so that twice is as once. */
export function registerToggleService(parts: Parts): void {
  addTool(
    parts,
    'toggle_service',
    {
      title: 'Enable or disable an MCP server',
      description:
        'Makes an MCP server reachable through the gateway, or unreachable. Needs toggle_service in the registry.',
      inputSchema: input,
      outputSchema: changeSchema,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    async (asked, context) => {
      const { service_name: name, enabled } = asked;
      const change = await parts.registry.toggle(callerOf(context), name, enabled);
      return { text: changeText(`${name} is ${enabled ? 'enabled' : 'disabled'}`, change), values: change };
    },
  );
}
