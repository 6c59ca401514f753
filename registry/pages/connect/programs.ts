import { file, type McpClient, opensBrowser, runLine } from './client.ts';

const needsInternet = 'It reaches the gateway from the internet: the address must be public, and https.';

/**
 * Editors, applications and helpers. Sources: Cursor "Model Context Protocol" and "MCP Install Links", VS Code "MCP
 * configuration reference" and "MCP developer guide" (its URL handler), Zed "Model Context Protocol", Anthropic "Custom
 * connectors using remote MCP", OpenAI Apps SDK "Authentication", and the help of the others.
 */
export const programs: readonly McpClient[] = [
  {
    id: 'cursor',
    title: 'Cursor',
    icon: 'editor',
    speaksSse: true,
    where: 'Press the button, or put this into `~/.cursor/mcp.json`.',
    text: ({ name, url }) => file({ mcpServers: { [name]: { url } } }),
    link: ({ name, url }) => {
      const config = Buffer.from(JSON.stringify({ url })).toString('base64');
      return `cursor://anysphere.cursor-deeplink/mcp/install?${new URLSearchParams({ name, config })}`;
    },
    login: ({ name }) => `In Cursor's settings for MCP, choose **Connect** beside \`${name}\`: it opens your browser.`,
  },
  {
    id: 'vs-code',
    title: 'VS Code',
    icon: 'editor',
    version: '1.139.1',
    documentHost: 'vscode.dev',
    speaksSse: true,
    where: 'Press the button, or put this into `.vscode/mcp.json` of a folder.',
    text: ({ name, url, transport }) => file({ servers: { [name]: { type: transport, url } } }),
    link: ({ name, url, transport }) =>
      `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, type: transport, url }))}`,
    login: () => 'Start the server there, and choose **Allow** in the dialog: it opens your browser.',
  },
  {
    id: 'zed',
    title: 'Zed',
    icon: 'editor',
    documentHost: 'zed.dev',
    speaksSse: false,
    where: 'Put this into the settings file.',
    text: ({ name, url }) => file({ context_servers: { [name]: { url } } }),
    login: () => 'Zed asks you to log in: it opens your browser.',
  },
  {
    id: 'claude-ai',
    title: 'claude.ai',
    icon: 'screen',
    documentHost: 'claude.ai',
    speaksSse: false,
    where:
      'In claude.ai or Claude Desktop, add a custom connector with this address, among the connectors in the settings.',
    text: ({ url }) => url,
    login: () => `Choose **Connect** beside it. ${needsInternet}`,
  },
  {
    id: 'chatgpt',
    title: 'ChatGPT',
    icon: 'screen',
    documentHost: 'chatgpt.com',
    speaksSse: false,
    where: 'In the settings, add a connector with this address.',
    text: ({ url }) => url,
    login: () => `Choose **Connect**. ${needsInternet}`,
  },
  {
    id: 'inspector',
    title: 'MCP Inspector',
    icon: 'terminal',
    version: '2.12.0',
    speaksSse: true,
    where: runLine,
    text: ({ url, transport }) =>
      `npx @modelcontextprotocol/inspector@2 --cli ${url} --transport ${transport} --method tools/list`,
    login: () => `${opensBrowser} Then it lists the tools.`,
  },
  {
    id: 'mcp-remote',
    title: 'mcp-remote',
    icon: 'link',
    version: '0.15.1',
    speaksSse: true,
    where: 'For a client that only starts programs: put this into its file of MCP servers.',
    text: ({ name, url }) =>
      file({ mcpServers: { [name]: { command: 'npx', args: ['-y', 'mcp-remote', url, ...allowHttp(url)] } } }),
    login: () => 'Start the client: mcp-remote opens your browser.',
  },
  {
    id: 'others',
    title: 'Any other',
    icon: 'link',
    speaksSse: true,
    where: 'Give it this address. It needs no client id, no secret and no header.',
    text: ({ url }) => url,
    login: () => 'A client that can log in (OAuth, MCP 2025-06-18 and later) opens your browser by itself.',
  },
];
/** mcp-remote sends nothing over http, except on this computer or with its option. */
function allowHttp(url: string): string[] {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !['localhost', '127.0.0.1'].includes(hostname) ? ['--allow-http'] : [];
}
