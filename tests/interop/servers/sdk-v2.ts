// A server on version 2 of the TypeScript SDK, for both eras: sdk-v2.ts PORT
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import express from 'express';
import * as z from 'zod';

function build(): McpServer {
  const server = new McpServer({ name: 'interop', version: '1' });
  const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
  const numbers = z.object({ a: z.number(), b: z.number() });
  server.registerTool('add', { inputSchema: numbers }, ({ a, b }) => said(String(a + b)));
  server.registerTool('fail', { inputSchema: z.object({ reason: z.string() }) }, ({ reason }) => {
    throw new Error(reason);
  });
  server.registerTool('secret', {}, () => said('secret'));
  const content = { type: 'text' as const, text: 'Say hello' };
  server.registerPrompt('greeting', {}, () => ({ messages: [{ role: 'user' as const, content }] }));
  server.registerResource('note', 'demo://note', {}, ({ href }) => ({ contents: [{ uri: href, text: 'A note' }] }));
  return server;
}

const app = express();
const mcp = toNodeHandler(createMcpHandler(build));
app.all('/mcp', (req, res) => mcp(req, res));
app.listen(Number(process.argv[2]), '127.0.0.1');
