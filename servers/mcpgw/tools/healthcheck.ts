import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import type { Service } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { healthText } from '../text.ts';
import { looks, type Parts } from './tool-set.ts';

const input = z.strictObject({});
const output = z.object({
  total: z.int().describe('number of servers that you may see'),
  states: z.record(z.string(), z.int()).describe('number of servers by state; disabled is a state too'),
  services: z.array(z.object({ name: z.string(), state: z.string(), checked_at: z.string().nullable() })),
});

/** Adds the tool `healthcheck`: the health of the servers that the caller may see, by the registry's latest checks. */
export function registerHealthcheck(parts: Parts): void {
  addTool(
    parts,
    'healthcheck',
    {
      title: 'Health of the MCP servers',
      description:
        'The health of the MCP servers that you may see, by the latest checks of the registry. refresh_service checks one again.',
      inputSchema: input,
      outputSchema: output,
      annotations: looks,
    },
    async (_asked, context) => {
      const services = (await parts.registry.list(callerOf(context))).map(toHealth);
      const states: Record<string, number> = {};
      for (const { state } of services) states[state] = (states[state] ?? 0) + 1;
      return { text: healthText(services, states), values: { total: services.length, states, services } };
    },
  );
}

/** A disabled server has no health: its last check is outdated. */
function toHealth({ name, enabled, status, checked_at }: Service) {
  return { name, state: enabled ? status : 'disabled', checked_at };
}
