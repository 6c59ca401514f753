import { join } from 'node:path';
import type { Packages } from '../install.ts';
import { textFor } from './lines.ts';
import { document, type LoginSetUp, registration } from './login-set-up.ts';
import { runProgram } from './program.ts';
import { typed } from './typed.ts';

const npm = (spec: string, ...files: string[]): Packages => ({
  registry: 'npm',
  specs: [spec],
  program: files.map((file) => `login/programs/${file}`),
});
const python = (title: string, version: string, file: string): LoginSetUp => ({
  title,
  version,
  packages: { registry: 'PyPI', specs: [`${title}==${version}`] },
  registers: registration,
  open: (programs, url, home) =>
    runProgram([`${programs}/python`, join(import.meta.dirname, 'programs', file), url], home),
});
const sdk = (title: string, version: string, file: string): LoginSetUp => ({
  title,
  version,
  packages: npm(`${title}@${version}`, 'steps.ts', file),
  registers: registration,
  open: (programs, url, home) => runProgram(['node', join(programs, '..', '..', file), url], home),
});

/** What a client that starts programs gives mcp-remote, after npx and its option. */
function bridgeArguments(url: string): string[] {
  type File = { mcpServers: Record<string, { args: string[] }> };
  const { mcpServers } = JSON.parse(textFor('mcp-remote', url)) as File;
  return Object.values(mcpServers).flatMap(({ args }) => args.slice(2));
}

/** Each one logs in at the gateway as it does at any other server: nothing is prepared for it. */
export const loginClients: readonly LoginSetUp[] = [
  sdk('@modelcontextprotocol/sdk', '1.32.2', 'sdk-v1.ts'),
  sdk('@modelcontextprotocol/client', '2.4.0', 'sdk-v2.ts'),
  python('mcp', '2.3.0', 'mcp2.py'),
  python('mcp', '1.30.0', 'mcp1.py'),
  python('fastmcp', '4.1.6', 'fastmcp_client.py'),
  {
    title: 'mcp-remote',
    version: '0.15.1',
    packages: npm('mcp-remote@0.15.1'),
    registers: registration,
    open: (programs, url, home) =>
      runProgram(
        [
          'node',
          join(import.meta.dirname, 'programs', 'stdio.ts'),
          url,
          `${programs}/mcp-remote`,
          ...bridgeArguments(url),
        ],
        home,
      ),
  },
  {
    title: '@modelcontextprotocol/inspector --cli',
    version: '2.12.0',
    packages: npm('@modelcontextprotocol/inspector@2.12.0'),
    registers: registration,
    onlyListed: true,
    open: typed.inspector,
  },
  {
    title: '@anthropic-ai/claude-code',
    version: '2.1.332',
    packages: npm('@anthropic-ai/claude-code@2.1.332'),
    registers: document,
    open: typed.claude,
  },
  {
    title: '@openai/codex',
    version: '0.171.0',
    packages: npm('@openai/codex@0.171.0'),
    registers: document,
    open: typed.codex,
  },
  {
    title: 'opencode-ai',
    version: '1.18.33',
    packages: npm('opencode-ai@1.18.33'),
    registers: registration,
    open: typed.opencode,
  },
];
