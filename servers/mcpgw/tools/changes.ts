import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { changeSchema, serviceCheckSchema } from '../answers.ts';
import { boundTools } from '../bounds.ts';
import { callerOf } from '../caller.ts';
import { changeText, checkText } from '../text.ts';
import { nameInput, type Parts } from './tool-set.ts';

const path = z.string().max(256).describe('path on the upstream, such as /mcp');
const registerInput = z.strictObject({
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
      inputSchema: registerInput,
      outputSchema: changeSchema,
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    },
    async (asked, context) => {
      const change = await parts.registry.register(callerOf(context), { ...asked, title: asked.title ?? asked.name });
      return { text: changeText(`${asked.name} is registered`, change), values: change };
    },
  );
}

/** Adds the tool `toggle_service`: enables or disables a server. It takes the wanted state, so that it is idempotent. */
export function registerToggleService(parts: Parts): void {
  addTool(
    parts,
    'toggle_service',
    {
      title: 'Enable or disable an MCP server',
      description:
        'Makes an MCP server reachable through the gateway, or unreachable. Needs toggle_service in the registry.',
      inputSchema: nameInput.extend({
        enabled: z.boolean().describe('true: requests reach it; false: requests are rejected and open streams end'),
      }),
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

/** Adds the tool `remove_service`: removes a server from the registry. */
export function registerRemoveService(parts: Parts): void {
  addTool(
    parts,
    'remove_service',
    {
      title: 'Remove an MCP server',
      description:
        'Permanently removes an MCP server from the registry and the gateway. Needs modify_service in the registry. toggle_service only makes it unreachable.',
      inputSchema: nameInput,
      outputSchema: changeSchema,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    async (asked, context) => {
      const change = await parts.registry.remove(callerOf(context), asked.service_name);
      return { text: changeText(`${asked.service_name} is removed`, change), values: change };
    },
  );
}

/** Adds the tool `refresh_service`: the registry checks a server now and stores its tools. */
export function registerRefreshService(parts: Parts): void {
  addTool(
    parts,
    'refresh_service',
    {
      title: 'Check an MCP server now',
      description: 'Checks the health and the tools of an MCP server now. Needs health_check_service in the registry.',
      inputSchema: nameInput,
      outputSchema: serviceCheckSchema,
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    },
    async (asked, context) => {
      const check = await parts.registry.check(callerOf(context), asked.service_name);
      const values = { ...check, tools: boundTools(check.tools) };
      return { text: checkText(values), values };
    },
  );
}
