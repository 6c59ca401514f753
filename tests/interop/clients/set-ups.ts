import { join } from 'node:path';
import type { Packages } from '../install.ts';
import type { ClientSetUp } from '../set-ups.ts';

const program = (path: string) => join(import.meta.dirname, path);
const npm = (specs: string[], ...files: string[]): Packages => ({
  registry: 'npm',
  specs,
  program: files.map((file) => `clients/typescript/${file}`),
});

const overHttp = { transport: 'streamable-http', manner: '' } as const;

const typescriptSdk = (name: string, version: string, file: string): ClientSetUp => ({
  title: name,
  version,
  language: 'TypeScript',
  ...overHttp,
  packages: npm([`${name}@${version}`], 'steps.ts', file),
  command: (programs, url, token) => ['node', join(programs, '..', '..', file), url, token],
});

type Words = (programs: string, url: string, token: string) => string[];

/** @param words the bridge's own command line */
const bridge = (title: string, version: string, packages: Packages, words: Words): ClientSetUp => ({
  title: `${title} as a stdio bridge`,
  version,
  language: packages.registry === 'npm' ? 'TypeScript' : 'Python',
  ...overHttp,
  manner: 'stdio towards the client',
  packages,
  command: (programs, url, token) => [
    'node',
    program('typescript/bridge.ts'),
    url,
    token,
    ...words(programs, url, token),
  ],
});

const python = (title: string, version: string, file: string, extra = ''): ClientSetUp => ({
  title,
  version,
  language: 'Python',
  ...overHttp,
  packages: { registry: 'PyPI', specs: [`${title}${extra}==${version}`] },
  command: (programs, url, token) => [`${programs}/python`, program(`python/${file}`), url, token],
});

const go = (module: string, version: string, file: string): ClientSetUp => ({
  title: module.split('/').slice(-1).join(),
  version,
  language: 'Go',
  ...overHttp,
  packages: {
    registry: 'Go',
    specs: [`${module}@v${version}`],
    program: ['clients/go/steps.go', `clients/go/${file}`],
  },
  command: (programs, url, token) => [`${programs}/program`, url, token],
});

export const clients: ClientSetUp[] = [
  typescriptSdk('@modelcontextprotocol/sdk', '1.32.2', 'sdk-v1.ts'),
  typescriptSdk('@modelcontextprotocol/client', '2.4.0', 'sdk-v2.ts'),
  {
    title: '@modelcontextprotocol/inspector --cli',
    onlyListed: true,
    version: '2.12.0',
    language: 'TypeScript',
    ...overHttp,
    packages: npm(['@modelcontextprotocol/inspector@2.12.0']),
    command: (programs, url, token) => [
      'node',
      program('typescript/inspector.ts'),
      url,
      token,
      `${programs}/mcp-inspector`,
    ],
  },
  bridge('mcp-remote', '0.15.1', npm(['mcp-remote@0.15.1']), (programs, url, token) => [
    `${programs}/mcp-remote`,
    url,
    '--allow-http',
    '--header',
    `Authorization: Bearer ${token}`,
  ]),
  bridge('supergateway', '4.0.0', npm(['supergateway@4.0.0']), (programs, url, token) => [
    `${programs}/supergateway`,
    '--streamableHttp',
    url,
    '--oauth2Bearer',
    token,
    '--logLevel',
    'none',
  ]),
  python('mcp', '2.3.0', 'mcp2.py'),
  python('mcp', '1.30.0', 'mcp1.py'),
  python('fastmcp', '4.1.6', 'fastmcp_client.py'),
  python('fastmcp', '3.4.11', 'fastmcp_client.py'),
  python('fastmcp', '2.14.7', 'fastmcp_client.py'),
  python('openai-agents', '0.24.0', 'openai_agents.py'),
  python('pydantic-ai-slim', '2.68.0', 'pydantic_ai_client.py', '[mcp]'),
  { ...python('langchain-mcp-adapters', '0.3.2', 'langchain_client.py'), withoutPrompts: true },
  python('llama-index-tools-mcp', '0.6.0', 'llama_index_client.py'),
  bridge('mcp-proxy', '0.13.0', { registry: 'PyPI', specs: ['mcp-proxy==0.13.0', 'mcp<2'] }, (programs, url, token) => [
    `${programs}/mcp-proxy`,
    '--transport',
    'streamablehttp',
    '-H',
    'Authorization',
    `Bearer ${token}`,
    url,
  ]),
  go('github.com/modelcontextprotocol/go-sdk', '1.8.0', 'sdk.go'),
  go('github.com/mark3labs/mcp-go', '1.2.1', 'mcp-go.go'),
];
