import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { changeSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { changeText } from '../text.ts';
import type { Parts } from './tool-set.ts';

const path = z.string().max(256).describe('path on the upstream, such as /mcp');
const input = z.strictObject({
  name: z.string().max(63).describe('a-z 0-9 _ -; the server is reached at <gateway>/<name>/mcp from then on'),
  title: z.string().max(100).optional().describe('name for people; default: the name'),
  description: z.string().max(500).describe('what it is for, in a sentence or two'),
  upstream: z
    .string()
    .max(300)
    .describe('where it really runs: an origin such as http://10.0.0.5:8000, without a path'),
  transports: z
    .strictObject({ 'streamable-http': path.optional(), sse: path.optional() })
    .default({ 'streamable-http': '/mcp' })
    .describe('its endpoints, by transport'),
  tags: z.array(z.string().max(30)).max(20).default([]),
  version: z.string().max(100).optional().describe("the server's own version"),
  repository: z.string().max(500).optional().describe('https URL of its source'),
  license: z.string().max(100).optional(),
  auth: z
    .strictObject({ secret: z.string().max(63) })
    .optional()
    .describe('by which credential the gateway reaches it: the name of a secret that its operator has set up'),
  enabled: z.boolean().default(true).describe('false: kept and not reachable yet'),
});

/** Adds the tool `register_service`: a new server, reachable through the gateway at once. */
export function registerRegisterService(parts: Parts): void {
  addTool(
    parts,
    'register_service',
    {
      title: 'Register an MCP server',
      description:
        'Adds an MCP server to the registry and routes it through the gateway. Needs register_service in the registry. Who may call its tools is said by the policy, not here.',
      inputSchema: input,
      outputSchema: changeSchema,
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    },
    async (asked, context) => {
      const change = await parts.registry.register(callerOf(context), { ...asked, title: asked.title ?? asked.name });
      return { text: changeText(`${asked.name} is registered`, change), values: change };
    },
  );
}
