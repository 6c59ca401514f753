import { join } from 'node:path';
import type { ServerSetUp } from '../set-ups.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const http = { language: 'TypeScript', transport: 'streamable-http', path: '/mcp' } as const;
const newest = '2026.8.31';
const everythingPackage = `@modelcontextprotocol/server-everything@${newest}`;
const echo = { call: ['echo', { message: 'hello' }], failing: ['get-sum', { a: 'one' }] } as const;

const everything = (transport: ServerSetUp['transport'], path: string): ServerSetUp => ({
  ...http,
  ...echo,
  title: '@modelcontextprotocol/server-everything',
  version: newest,
  packages: { registry: 'npm', specs: [everythingPackage] },
  name: `everything-${transport}`,
  command: (programs) => [`${programs}/mcp-server-everything`, transport === 'sse' ? 'sse' : 'streamableHttp'],
  env: (port) => ({ PORT: String(port) }),
  transport,
  path,
  manner: transport === 'sse' ? '' : 'sessions',
});

type Bridged = Pick<ServerSetUp, 'call' | 'failing'> & { stateful?: true; argument?: string };

const bySupergateway = (server: string, { stateful, argument, ...calls }: Bridged): ServerSetUp => ({
  ...http,
  ...calls,
  title: `@modelcontextprotocol/${server} by supergateway 4.0.0`,
  version: newest,
  packages: { registry: 'npm', specs: ['supergateway@4.0.0', `@modelcontextprotocol/${server}@${newest}`] },
  name: server,
  command: (programs, port) => [
    `${programs}/supergateway`,
    '--stdio',
    [`${programs}/mcp-${server}`, ...(argument === undefined ? [] : [argument])].join(' '),
    '--outputTransport',
    'streamableHttp',
    ...(stateful ? ['--stateful'] : []),
    '--port',
    String(port),
  ],
  manner: stateful ? 'sessions' : 'stateless',
});

export const typescriptServers: ServerSetUp[] = [
  everything('streamable-http', '/mcp'),
  everything('sse', '/sse'),
  {
    ...http,
    title: '@modelcontextprotocol/sdk, example simpleStreamableHttp',
    version: '1.32.2',
    packages: { registry: 'npm', specs: ['@modelcontextprotocol/sdk@1.32.2'] },
    name: 'sdk-v1',
    command: (programs) => [
      'node',
      join(programs, '..', '@modelcontextprotocol/sdk/dist/esm/examples/server/simpleStreamableHttp.js'),
    ],
    env: (port) => ({ MCP_PORT: String(port) }),
    manner: 'sessions',
    call: ['greet', { name: 'Ada' }],
    failing: ['greet', { name: 1 }],
  },
  {
    ...http,
    title: '@modelcontextprotocol/server',
    version: '2.4.0',
    packages: {
      registry: 'npm',
      specs: ['@modelcontextprotocol/server@2.4.0', '@modelcontextprotocol/node@2.1.2', 'express@5.3.0', 'zod@4.6.7'],
      program: ['servers/sdk-v2.ts'],
    },
    name: 'sdk-v2',
    command: (programs, port) => ['node', join(programs, '..', '..', 'sdk-v2.ts'), String(port)],
    manner: 'stateless',
    call: ['add', { a: 2, b: 3 }],
    failing: ['fail', { reason: 'on purpose' }],
  },
  bySupergateway('server-filesystem', {
    stateful: true,
    argument: join(root, 'docs', 'images'),
    call: ['list_allowed_directories', {}],
    failing: ['read_text_file', { path: '/no/such/file' }],
  }),
  bySupergateway('server-memory', {
    stateful: true,
    call: ['search_nodes', { query: 'no such node' }],
    failing: ['search_nodes', { query: 1 }],
  }),
  bySupergateway('server-sequential-thinking', {
    call: ['sequentialthinking', { thought: 'one', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }],
    failing: ['sequentialthinking', { thought: 1 }],
  }),
  {
    ...http,
    ...echo,
    title: '@modelcontextprotocol/server-everything by mcp-proxy 6.7.19 (npm)',
    version: newest,
    packages: { registry: 'npm', specs: ['mcp-proxy@6.7.19', everythingPackage] },
    name: 'npm-mcp-proxy',
    command: (programs, port) => [
      `${programs}/mcp-proxy`,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--',
      `${programs}/mcp-server-everything`,
      'stdio',
    ],
    manner: 'sessions',
  },
  {
    ...http,
    title: 'firecrawl-mcp',
    version: '3.26.0',
    packages: { registry: 'npm', specs: ['firecrawl-mcp@3.26.0'] },
    name: 'firecrawl',
    command: (programs) => [`${programs}/firecrawl-mcp`],
    env: (port) => ({
      HTTP_STREAMABLE_SERVER: 'true',
      HOST: '127.0.0.1',
      PORT: String(port),
      FIRECRAWL_API_URL: 'http://127.0.0.1:9',
    }),
    manner: 'stateless',
    call: ['firecrawl_check_crawl_status', { id: 'none' }],
    failing: ['firecrawl_check_crawl_status', { id: 1 }],
  },
  {
    ...http,
    title: '@upstash/context7-mcp',
    version: '4.1.1',
    packages: { registry: 'npm', specs: ['@upstash/context7-mcp@4.1.1'] },
    name: 'context7',
    command: (programs, port) => [`${programs}/context7-mcp`, '--transport', 'http', '--port', String(port)],
    manner: 'stateless',
    call: ['resolve-library-id', { query: '' }],
    failing: ['resolve-library-id', { query: 1 }],
  },
  {
    ...http,
    title: '@playwright/mcp',
    version: '0.0.83',
    packages: { registry: 'npm', specs: ['@playwright/mcp@0.0.83'] },
    name: 'playwright',
    command: (programs, port) => [
      `${programs}/playwright-mcp`,
      '--headless',
      '--host',
      '127.0.0.1',
      '--allowed-hosts',
      '*',
      '--port',
      String(port),
    ],
    manner: 'sessions',
    call: ['browser_close', {}],
    failing: ['browser_resize', { width: 'wide' }],
  },
];
