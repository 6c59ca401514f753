import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { changeSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { changeText } from '../text.ts';
import type { Parts } from './tool-set.ts';

const path = z.string().max(256).describe('path on the upstream, such as /mcp');
const input = z.strictObject({
  name: z.string().max(63).describe('a-z 0-9 _ -; clients then reach the server at <gateway>/<name>/mcp'),
  title: z.string().max(100).optional().describe('name for people; default: the name'),
  description: z.string().max(500).describe('its purpose, in a sentence or two'),
  upstream: z.string().max(300).describe('its own origin, such as http://10.0.0.5:8000, without a path'),
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
    .describe('the credential that the gateway uses for it: the name of a secret that the operator has set up'),
  enabled: z.boolean().default(true).describe('false: registered, but not reachable yet'),
});

/** Adds the tool `register_service`: registers a server, which the gateway then reaches at once. */
export function registerRegisterService(parts: Parts): void {
  addTool(
    parts,
    'register_service',
    {
      title: 'Register an MCP server',
      description:
        'Adds an MCP server to the registry and routes it through the gateway. Needs register_service in the registry. The policy decides who may call its tools.',
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
