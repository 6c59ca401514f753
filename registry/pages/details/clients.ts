import type { CatalogueEntry } from '../../access/catalogue.ts';

/**
 * Texts to copy, for the newest transport of the server, each with a placeholder for an access token. Sources: Claude Code
 * "Connect Claude Code to tools via MCP", VS Code "MCP configuration reference", Cursor "Model Context Protocol", README of
 * @modelcontextprotocol/inspector.
 */
export function clientConfigs({ name, endpoints }: Pick<CatalogueEntry, 'name' | 'endpoints'>) {
  const [endpoint] = endpoints;
  if (!endpoint) return [];
  const { url } = endpoint;
  const type = endpoint.transport === 'sse' ? 'sse' : 'http';
  const headers = { Authorization: 'Bearer <token>' };
  const json = (value: unknown) => JSON.stringify(value, null, 2);
  const input = {
    type: 'promptString',
    id: 'gateway-token',
    description: 'Access token of the gateway',
    password: true,
  };
  const asking = { Authorization: `Bearer \${input:${input.id}}` };
  return [
    {
      id: 'claude-code',
      client: 'Claude Code',
      where: 'Run in a terminal.',
      text: `claude mcp add --transport ${type} ${name} ${url} \\\n  --header "Authorization: Bearer <token>"`,
    },
    {
      id: 'vs-code',
      client: 'VS Code',
      where: 'Put into .vscode/mcp.json; it asks for the token once.',
      text: json({ inputs: [input], servers: { [name]: { type, url, headers: asking } } }),
    },
    {
      id: 'cursor',
      client: 'Cursor',
      where: 'Put into ~/.cursor/mcp.json, or .cursor/mcp.json of a project.',
      text: json({ mcpServers: { [name]: { url, headers } } }),
    },
    {
      id: 'inspector',
      client: 'MCP Inspector',
      where: 'Run in a terminal: it lists the tools. Without --cli and --method it opens a page instead.',
      text: `npx @modelcontextprotocol/inspector@2 --cli ${url} \\\n  --transport ${type} --method tools/list \\\n  --header "Authorization: Bearer <token>"`,
    },
    {
      id: 'others',
      client: 'Others',
      where: 'Most clients read a file like this.',
      text: json({ mcpServers: { [name]: { type, url, headers } } }),
    },
  ];
}
