import type { Express } from 'express';
import type { Logger } from '../../common/service/log.ts';
import { version } from '../../common/settings/version.ts';
import { createGate } from '../broker/members/gate.ts';
import { type CallOnce, createCallOnce } from '../broker/once.ts';
import { bundledApp } from '../mcp-app.ts';
import { createRegistryClient } from './registry-client.ts';
import { registerCallReadOnlyTool, registerCallTool } from './tools/calls.ts';
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
  'The registry of the MCP servers behind this gateway that you may use. intelligent_tool_finder finds tools for a task in plain words and names the tool that calls them, call_read_only_tool or call_tool; list_services finds servers, get_server_details and get_service_tools describe one. Use the same credentials for their endpoints as for this server.';

/** Where mcpgw reaches the rest of the gateway. */
export interface McpgwOptions {
  /** Origin of the registry inside the deployment. */
  registryUrl: string;
  /** Origin of the gate's listener for brokers. */
  gateUrl: string;
  /** The gateway's public origin. */
  publicUrl: string;
}

/** The mcpgw server over HTTP, not yet listening. */
export function createApp(log: Logger, { registryUrl, gateUrl, publicUrl }: McpgwOptions): Express {
  const callOnce: CallOnce = createCallOnce(createGate(gateUrl, publicUrl), { name: 'mcpgw', version });
  const registry = createRegistryClient(registryUrl, log);
  return bundledApp('mcpgw', log, instructions, (server) => {
    const parts = { server, log, registry, callOnce };
    registerToolFinder(parts);
    registerCallReadOnlyTool(parts);
    registerCallTool(parts);
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
