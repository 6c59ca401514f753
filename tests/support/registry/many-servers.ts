// Runs as many small MCP servers as the argument says. Prints their ports, and exits when its input ends.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

function buildMcp(): McpServer {
  const server = new McpServer({ name: 'little', version: '1' });
  const inputSchema = z.object({ city: z.string().describe('where') });
  for (let i = 0; i < 10; i++)
    server.registerTool(`tool_${i}`, { description: `Does ${i}`, inputSchema }, () => ({ content: [] }));
  return server;
}

const handle = toNodeHandler(createMcpHandler(buildMcp));
const ports: number[] = [];
for (let i = 0; i < Number(process.argv[2]); i++) {
  const server = createServer((req, res) => void handle(req as Parameters<typeof handle>[0], res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports.push((server.address() as AddressInfo).port);
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.resume().once('end', () => process.exit(0));
