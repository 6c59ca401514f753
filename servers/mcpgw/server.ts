import { McpServer, type ServerContext } from '@modelcontextprotocol/server';
import type { Express } from 'express';
import * as z from 'zod';
import type { Logger } from '../../common/log.ts';
import { createMcpApp } from '../mcp-app.ts';
import { readOnly, toolCall } from '../tool-call.ts';
import { VERSION } from '../version.ts';
import { callerOf } from './caller.ts';
import { createRegistryClient, type RegistryClient, serviceDetailsSchema, serviceSchema } from './registry-client.ts';
import { detailsText, fits, listText } from './text.ts';

const name = 'mcpgw';
const info = { name, title: 'MCP Gateway Registry', version: VERSION };
const instructions =
  'The registry of the MCP servers behind this gateway, as far as you may use them. list_services finds servers, get_server_details tells about one. Endpoints are reached with the same credentials as this server.';

const registryTimeoutMs = 2_000;

/**
 * The mcpgw server over HTTP, not yet listening.
 * @param registryUrl origin of the registry inside the deployment
 */
export function createApp(log: Logger, registryUrl: string): Express {
  const registry = createRegistryClient(registryUrl, log, registryTimeoutMs);
  return createMcpApp({ name, log, build: () => buildServer(log, registry) });
}

function buildServer(log: Logger, registry: RegistryClient): McpServer {
  const server = new McpServer(info, { instructions });
  registerListServices(server, log, registry);
  registerServerDetails(server, log, registry);
  return server;
}

const listInput = z.object({
  query: z
    .string()
    .max(200)
    .default('')
    .describe('words that must all occur in the name, title, description or tags; empty: all servers'),
});

function registerListServices(server: McpServer, log: Logger, registry: RegistryClient): void {
  server.registerTool(
    'list_services',
    {
      title: 'List MCP servers',
      description: 'The MCP servers behind this gateway that you may see, with their endpoints and health.',
      inputSchema: listInput,
      outputSchema: z.object({ services: z.array(serviceSchema), total: z.int().describe('number of services') }),
      annotations: { ...readOnly, idempotentHint: false },
    },
    toolCall(log, 'list_services', async ({ query }: z.infer<typeof listInput>, context: ServerContext) => {
      const services = (await registry.list(callerOf(context))).filter((service) => fits(service, query));
      return { text: listText(services, query), values: { services, total: services.length } };
    }),
  );
}

const detailsInput = z.object({
  service_name: z.string().max(200).describe('name of a server as list_services gives it, such as currenttime'),
});

function registerServerDetails(server: McpServer, log: Logger, registry: RegistryClient): void {
  server.registerTool(
    'get_server_details',
    {
      title: 'Details of an MCP server',
      description: 'What the registry knows about one MCP server: purpose, endpoints, health and, if known, its tools.',
      inputSchema: detailsInput,
      outputSchema: serviceDetailsSchema,
      annotations: { ...readOnly, idempotentHint: false },
    },
    toolCall(log, 'get_server_details', async (input: z.infer<typeof detailsInput>, context: ServerContext) => {
      const details = await registry.get(callerOf(context), input.service_name.trim());
      return { text: detailsText(details), values: details };
    }),
  );
}
