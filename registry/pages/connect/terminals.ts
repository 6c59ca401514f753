import { type McpClient, opensBrowser, runLine } from './client.ts';

/**
 * Clients of the terminal, as their own help describes the options, and Qwen Code as "Connect Qwen Code to tools via MCP".
 * `--scope user` is for all projects.
 */
export const terminals: readonly McpClient[] = [
  {
    id: 'claude-code',
    title: 'Claude Code',
    icon: 'terminal',
    version: '2.1.332',
    documentHost: 'claude.ai',
    speaksSse: true,
    where: runLine,
    text: ({ name, url, transport }) =>
      `claude mcp add --scope user --transport ${transport} ${name} ${url} && claude mcp login ${name}`,
    login: () => `${opensBrowser} Later, \`/mcp\` in Claude Code does the same.`,
  },
  {
    id: 'codex',
    title: 'Codex CLI',
    icon: 'terminal',
    version: '0.171.0',
    documentHost: 'chatgpt.com',
    speaksSse: false,
    where: runLine,
    text: ({ name, url }) => `codex mcp add ${name} --url ${url}`,
    login: ({ name }) => `${opensBrowser} Later, \`codex mcp login ${name}\` does the same.`,
  },
  {
    id: 'gemini-cli',
    title: 'Gemini CLI',
    icon: 'terminal',
    version: '0.61.0',
    speaksSse: true,
    where: runLine,
    text: ({ name, url, transport }) => `gemini mcp add --scope user --transport ${transport} ${name} ${url}`,
    login: ({ name }) =>
      `Start \`gemini\` and type \`/mcp auth ${name}\`: it opens your browser. It refuses a gateway at a private address, except on this computer.`,
  },
  {
    id: 'copilot-cli',
    title: 'Copilot CLI',
    icon: 'terminal',
    version: '1.0.102',
    documentHost: 'github.com',
    speaksSse: true,
    where: runLine,
    text: ({ name, url, transport }) => `copilot mcp add --transport ${transport} ${name} ${url}`,
    login: ({ name }) => `Start \`copilot\`: it opens your browser. Later, \`/mcp auth ${name}\` does the same.`,
  },
  {
    id: 'opencode',
    title: 'opencode',
    icon: 'terminal',
    version: '1.18.33',
    speaksSse: true,
    where: runLine,
    text: ({ name, url }) => `opencode mcp add ${name} --url ${url} && opencode mcp auth ${name}`,
    login: () => opensBrowser,
  },
  {
    id: 'qwen-code',
    title: 'Qwen Code',
    icon: 'terminal',
    version: '0.24.4',
    speaksSse: true,
    where: runLine,
    text: ({ name, url, transport }) => `qwen mcp add --scope user --transport ${transport} ${name} ${url}`,
    login: ({ name }) =>
      `Start \`qwen\`, type \`/mcp\`, choose \`${name}\`, then **Authenticate**: it opens your browser.`,
  },
];
