import type { ServerSetUp } from '../set-ups.ts';

const http = { language: 'Go', transport: 'streamable-http', path: '/mcp' } as const;
const overSse = { transport: 'sse', path: '/sse' } as const;

const goSdk = (example: string, more: Pick<ServerSetUp, 'manner' | 'call' | 'failing'>): ServerSetUp => ({
  ...http,
  title: `go-sdk, example ${example}`,
  version: '1.8.0',
  packages: {
    registry: 'Go',
    specs: [`github.com/modelcontextprotocol/go-sdk/examples/server/${example}@v1.8.0`],
  },
  name: `go-sdk-${example}`,
  command: (programs, port) => [`${programs}/${example}`, '-http', `127.0.0.1:${port}`],
  path: '/',
  ...more,
});

const mcpGo = (mode: 'http' | 'stateless' | 'sse'): ServerSetUp => ({
  ...http,
  ...(mode === 'sse' && overSse),
  title: 'mcp-go',
  version: '1.2.1',
  packages: {
    registry: 'Go',
    specs: ['github.com/mark3labs/mcp-go@v1.2.1'],
    program: ['servers/mcp-go-server.go'],
  },
  name: `mcp-go-${mode}`,
  command: (programs, port) => [`${programs}/program`, String(port), mode],
  manner: { http: 'sessions', stateless: 'stateless', sse: '' }[mode],
  call: ['add', { a: 2, b: 3 }],
  failing: ['fail', { reason: 'on purpose' }],
});

const grafana = (mode: 'streamable-http' | 'sse'): ServerSetUp => ({
  ...http,
  ...(mode === 'sse' && overSse),
  title: 'mcp-grafana',
  version: '1.6.3',
  packages: { registry: 'Go', specs: ['github.com/grafana/mcp-grafana/cmd/mcp-grafana@v1.6.3'] },
  name: `grafana-${mode}`,
  command: (programs, port) => [`${programs}/mcp-grafana`, '-t', mode, '-address', `127.0.0.1:${port}`],
  env: () => ({ GRAFANA_URL: 'http://127.0.0.1:9' }),
  manner: mode === 'sse' ? '' : 'sessions',
  call: ['list_datasources', {}],
  failing: ['list_datasources', { type: 1 }],
});

export const goServers: ServerSetUp[] = [
  goSdk('everything', { manner: 'sessions', call: ['greet', { name: 'Ada' }], failing: ['greet', { name: 1 }] }),
  goSdk('memory', { manner: 'sessions', call: ['read_graph', {}], failing: ['search_nodes', { query: 1 }] }),
  goSdk('sequentialthinking', {
    manner: 'sessions',
    call: ['review_thinking', { sessionId: 'none' }],
    failing: ['review_thinking', { sessionId: 1 }],
  }),
  {
    ...goSdk('sse', {
      manner: 'messages on the same path',
      call: ['greet1', { name: 'Ada' }],
      failing: ['greet1', { name: 1 }],
    }),
    command: (programs, port) => [`${programs}/sse`, '-host', '127.0.0.1', '-port', String(port)],
    transport: 'sse',
    path: '/greeter1',
  },
  mcpGo('http'),
  mcpGo('stateless'),
  mcpGo('sse'),
  grafana('streamable-http'),
  grafana('sse'),
];
