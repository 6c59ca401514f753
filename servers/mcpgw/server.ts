import type { Express } from 'express';
import type { Logger } from '../../common/service/log.ts';
import { bundledApp } from '../mcp-app.ts';
import { createRegistryClient } from './registry-client.ts';
import {
  registerRefreshService,
  registerRegisterService,
  registerRemoveService,
  registerToggleService,
} from './tools/changes.ts';
import {
  registerHealthcheck,
  registerListServices,
  registerServerDetails,
  registerServiceTools,
} from './tools/services.ts';
import { registerToolFinder } from './tools/tool-finder.ts';

const instructions =
  'The registry of the MCP servers behind this gateway that you may use. intelligent_tool_finder finds tools for a task in plain words and explains how to call them; list_services finds servers, get_server_details and get_service_tools describe one. Use the same credentials for their endpoints as for this server.';

/**
 * The mcpgw server over HTTP, not yet listening.
 * @param registryUrl origin of the registry inside the deployment
 */
export function createApp(log: Logger, registryUrl: string): Express {
  const registry = createRegistryClient(registryUrl, log);
  return bundledApp('mcpgw', log, instructions, (server) => {
    const parts = { server, log, registry };
    registerToolFinder(parts);
    registerListServices(parts);
    registerServerDetails(parts);
    registerServiceTools(parts);
    registerHealthcheck(parts);
    registerRefreshService(parts);
    registerRegisterService(parts);
    registerToggleService(parts);
    registerRemoveService(parts);
  });
}
