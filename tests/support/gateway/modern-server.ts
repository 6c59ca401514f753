import { McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { createLog } from '../../../common/service/log.ts';
import { createMcpApp } from '../../../servers/mcp-app.ts';
import { listen } from '../servers/mcp-clients.ts';

const documents = 'demo://resource/static/document';

/** As a server may say that does not know of callers: everything is the same for all, for a day. */
const hint = { ttlMs: 86_400_000, cacheScope: 'public' } as const;
const cacheHints = {
  'server/discover': hint,
  'tools/list': hint,
  'prompts/list': hint,
  'resources/list': hint,
  'resources/templates/list': hint,
  'resources/read': hint,
};

/** A server with SDK v2, without sessions and for both eras, with a part of the reference server's features. */
export function startModernServer(name: string): Promise<{ base: string; close: () => void }> {
  return listen(createMcpApp({ name, log: createLog(name, 'silent'), build: () => build(name) }));
}

function build(name: string): McpServer {
  const server = new McpServer({ name, version: '1' }, { cacheHints });
  const message = z.object({ message: z.string() });
  const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
  server.registerTool('echo', { inputSchema: message }, ({ message: text }) => said(`Echo: ${text}`));
  server.registerTool('get-env', { description: 'Tells secrets' }, () => said('secret'));
  server.registerTool('get-sum', { inputSchema: z.object({ a: z.number(), b: z.number() }) }, ({ a, b }) =>
    said(`The sum of ${a} and ${b} is ${a + b}.`),
  );
  const prompt = () => ({ messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Hello' } }] });
  server.registerPrompt('simple-prompt', {}, prompt);
  server.registerPrompt('secret-prompt', {}, prompt);
  const read = (uri: URL) => ({ contents: [{ uri: uri.href, text: 'text' }] });
  for (const file of ['architecture.md', 'features.md'])
    server.registerResource(file, `${documents}/${file}`, {}, read);
  for (const kind of ['text', 'blob']) {
    const template = new ResourceTemplate(`demo://resource/dynamic/${kind}/{resourceId}`, { list: undefined });
    server.registerResource(`dynamic ${kind}`, template, {}, read);
  }
  return server;
}
