import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { changeSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { changeText } from '../text.ts';
import { type Parts, serviceName } from './tool-set.ts';

const input = z.strictObject({
  service_name: serviceName,
  enabled: z.boolean().describe('true: requests reach it; false: requests are rejected and open streams end'),
});

/** Adds the tool `toggle_service`: enables or disables a server. It takes the wanted state, so that it is idempotent. */
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
