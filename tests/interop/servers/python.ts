import { join } from 'node:path';
import type { ServerSetUp } from '../set-ups.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const program = (name: string) => join(import.meta.dirname, name);
const http = { language: 'Python', transport: 'streamable-http', path: '/mcp' } as const;
const sums = { call: ['add', { a: 2, b: 3 }], failing: ['fail', { reason: 'on purpose' }] } as const;

type Mode = 'http' | 'stateless' | 'sse';
const manners = { http: 'sessions', stateless: 'stateless, JSON', sse: '' };
const overSse = { transport: 'sse', path: '/sse' } as const;

const fastmcp = (version: string, mode: Mode, path: string): ServerSetUp => ({
  ...http,
  ...sums,
  ...(mode === 'sse' && overSse),
  title: 'FastMCP',
  version,
  packages: { registry: 'PyPI', specs: [`fastmcp==${version}`] },
  name: `fastmcp-${version.split('.')[0]}-${mode}`,
  command: (programs, port) => [`${programs}/python`, program('fastmcp-server.py'), String(port), mode, path],
  path,
  manner: manners[mode],
});

const sdk = (version: string, mode: Mode): ServerSetUp => ({
  ...http,
  ...sums,
  ...(mode === 'sse' && overSse),
  title: 'mcp',
  version,
  packages: { registry: 'PyPI', specs: [`mcp==${version}`] },
  name: `mcp-${version.split('.')[0]}-${mode}`,
  command: (programs, port) => [`${programs}/python`, program('mcp-server.py'), String(port), mode],
  manner: manners[mode],
});

type Bridged = Pick<ServerSetUp, 'call' | 'failing' | 'manner'> & { options?: string[]; arguments?: string[] };

const byMcpProxy = (server: string, { options = [], arguments: args = [], ...more }: Bridged): ServerSetUp => ({
  ...http,
  ...more,
  title: `${server} by mcp-proxy 0.13.0`,
  version: '2026.10.19',
  packages: { registry: 'PyPI', specs: [`${server}==2026.10.19`] },
  // Without the line for the SDK, pip takes a version of the bridge that does not start.
  bridge: { registry: 'PyPI', specs: ['mcp-proxy==0.13.0', 'mcp<2'] },
  name: `mcp-proxy-${server}`,
  command: (programs, port, bridge) => [
    `${bridge}/mcp-proxy`,
    '--port',
    String(port),
    ...options,
    '--',
    `${programs}/${server}`,
    ...args,
  ],
});

const timeCalls = {
  call: ['convert_time', { source_timezone: 'UTC', time: '12:00', target_timezone: 'Asia/Tokyo' }],
  failing: ['get_current_time', { timezone: 'No/Where' }],
} as const;

export const pythonServers: ServerSetUp[] = [
  sdk('2.3.0', 'http'),
  sdk('2.3.0', 'stateless'),
  sdk('2.3.0', 'sse'),
  sdk('1.30.0', 'http'),
  sdk('1.30.0', 'sse'),
  fastmcp('4.1.6', 'http', '/mcp'),
  fastmcp('4.1.6', 'stateless', '/team/a/mcp'),
  fastmcp('3.4.11', 'http', '/mcp'),
  fastmcp('2.14.7', 'http', '/mcp'),
  byMcpProxy('mcp-server-time', { ...timeCalls, manner: 'sessions' }),
  {
    ...byMcpProxy('mcp-server-time', { ...timeCalls, manner: '' }),
    ...overSse,
    name: 'mcp-proxy-sse',
  },
  byMcpProxy('mcp-server-git', {
    options: ['--stateless'],
    manner: 'stateless',
    call: ['git_status', { repo_path: root }],
    failing: ['git_status', { repo_path: '/no/such/folder' }],
  }),
  {
    ...http,
    title: 'markitdown-mcp',
    version: '0.0.1a8',
    packages: { registry: 'PyPI', specs: ['markitdown-mcp==0.0.1a8'] },
    name: 'markitdown',
    command: (programs, port) => [`${programs}/markitdown-mcp`, '--http', '--port', String(port)],
    manner: 'stateless, JSON',
    call: ['convert_to_markdown', { uri: 'data:text/plain,hello' }],
    failing: ['convert_to_markdown', { uri: 'nonsense:hello' }],
  },
];
