import * as z from 'zod';
import { addTool, ToolError } from '../../tool-call.ts';
import { type Service, serviceDetailsSchema, serviceSchema, toolSchema } from '../answers.ts';
import { boundTools } from '../bounds.ts';
import { callerOf } from '../caller.ts';
import { detailsText, fits, healthText, listText, toolsText } from '../text.ts';
import { looks, nameInput, type Parts } from './tool-set.ts';

const listInput = z.strictObject({
  query: z
    .string()
    .max(200)
    .default('')
    .describe('words that must all occur in the name, title, description or tags; empty: all servers'),
});

const healthOutput = z.object({
  total: z.int().describe('number of servers that you may see'),
  states: z.record(z.string(), z.int()).describe('number of servers by state; disabled is a state too'),
  services: z.array(z.object({ name: z.string(), state: z.string(), checked_at: z.string().nullable() })),
});

const listed = z.object({ tools: z.array(toolSchema) });
const text = z.string().nullish();
const listedInFull = z.object({ tools: z.array(z.looseObject({ title: text, description: text })) });

/** Adds the tool `list_services`: the servers that the caller may see. */
export function registerListServices(parts: Parts): void {
  addTool(
    parts,
    'list_services',
    {
      title: 'List MCP servers',
      description: 'The MCP servers behind this gateway that you may see, with their endpoints and health.',
      inputSchema: listInput,
      outputSchema: z.object({ services: z.array(serviceSchema), total: z.int().describe('number of services') }),
      annotations: looks,
    },
    async ({ query }, context) => {
      const services = (await parts.registry.list(callerOf(context))).filter((service) => fits(service, query));
      return { text: listText(services, query), values: { services, total: services.length } };
    },
  );
}

/** Adds the tool `get_server_details`: everything that the registry shows this caller about one server. */
export function registerServerDetails(parts: Parts): void {
  addTool(
    parts,
    'get_server_details',
    {
      title: 'Details of an MCP server',
      description: 'What the registry knows about one MCP server: purpose, endpoints, health and, if known, its tools.',
      inputSchema: nameInput,
      outputSchema: serviceDetailsSchema,
      annotations: looks,
    },
    async (asked, context) => {
      const details = await parts.registry.get(callerOf(context), asked.service_name);
      const { data } = listedInFull.safeParse(details);
      const values = data ? { ...details, tools: boundTools(data.tools) } : details;
      return { text: detailsText(values), values };
    },
  );
}

/** Adds the tool `get_service_tools`: the tools that one server listed at the registry's last check. */
export function registerServiceTools(parts: Parts): void {
  addTool(
    parts,
    'get_service_tools',
    {
      title: 'Tools of an MCP server',
      description:
        'The tools of one MCP server with the JSON schemas of their arguments, as the registry last saw them. You may not be allowed to call all of them: intelligent_tool_finder shows only tools that you may call.',
      inputSchema: nameInput,
      outputSchema: z.object({ service_name: z.string(), tools: z.array(toolSchema), total: z.int() }),
      annotations: looks,
    },
    async (asked, context) => {
      const details = await parts.registry.get(callerOf(context), asked.service_name);
      const { data } = listed.safeParse(details);
      if (!data) throw new ToolError(`the registry does not say which tools ${details.name} has`);
      const tools = boundTools(data.tools);
      const values = { service_name: details.name, tools, total: data.tools.length };
      return { text: toolsText(details.name, tools), values };
    },
  );
}

/** Adds the tool `healthcheck`: the health of the servers that the caller may see, by the registry's latest checks. */
export function registerHealthcheck(parts: Parts): void {
  addTool(
    parts,
    'healthcheck',
    {
      title: 'Health of the MCP servers',
      description:
        'The health of the MCP servers that you may see, by the latest checks of the registry. refresh_service checks one again.',
      inputSchema: z.strictObject({}),
      outputSchema: healthOutput,
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
