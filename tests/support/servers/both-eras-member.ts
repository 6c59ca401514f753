import type { RequestListener } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

/**
 * A member on the official SDK.
 * @param legacy `stateless`: speaks both eras; `reject`: only 2026-07-28
 * @param more adds tools
 */
export function bothErasMember(
  name: string,
  legacy: 'stateless' | 'reject',
  more: (server: McpServer) => void = () => undefined,
): RequestListener {
  const built = () => {
    const server = build(name);
    more(server);
    return server;
  };
  const handle = toNodeHandler(createMcpHandler(built, { legacy }));
  return (req, res) => void handle(req as Parameters<typeof handle>[0], res);
}

function build(name: string): McpServer {
  const server = new McpServer({ name, version: '1' });
  server.registerTool('echo', { inputSchema: z.object({ message: z.string() }) }, ({ message }) =>
    said(`Echo: ${message}`),
  );
  server.registerTool('ask', {}, (context) => {
    const answer = context.mcpReq.inputResponses?.name;
    if (answer) return said(JSON.stringify(answer));
    const question = inputRequired.elicit({
      message: 'Who?',
      requestedSchema: { type: 'object', properties: { v: { type: 'string' } } },
    });
    return inputRequired({ inputRequests: { name: question }, requestState: 'state-1' });
  });
  server.registerTool('page', {}, (context) => {
    const answer = context.mcpReq.inputResponses?.page;
    if (answer) return said(JSON.stringify(answer));
    const page = inputRequired.elicitUrl({ message: 'Sign in', url: 'https://login.example/start' });
    return inputRequired({ inputRequests: { page } });
  });
  server.registerTool('progress', {}, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    if (progressToken !== undefined)
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    return said('done');
  });
  server.registerTool('capabilities', {}, ({ mcpReq }) => said(JSON.stringify(mcpReq._meta ?? null)));
  server.registerPrompt('greet', {}, () => ({ messages: [] }));
  server.registerResource('shared', 'shared://one', {}, (uri) => ({
    contents: [{ uri: uri.href, text: `${name} has it` }],
  }));
  return server;
}

const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
