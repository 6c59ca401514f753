import { createServer, type Socket } from 'node:net';
import { probeServer } from '../../../../../registry/health/probe/mcp-probe.ts';
import { listen } from '../../../../support/listen.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that writes raw bytes. */
async function raw(answer: (socket: Socket) => void): Promise<number> {
  return await http(
    createServer((socket) => {
      socket.on('error', () => undefined);
      closers.push(() => socket.destroy());
      socket.once('data', () => answer(socket));
    }),
  );
}

async function http(server: Parameters<typeof listen>[0]): Promise<number> {
  const { port, close } = await listen(server);
  closers.push(() => void close());
  return port;
}

const credential = { Authorization: 'Bearer S3cret' };
async function probe(port: number, transport: 'streamable-http' | 'sse' = 'streamable-http') {
  const upstream = `http://127.0.0.1:${port}`;
  const transports = { 'streamable-http': '/mcp', sse: '/sse' };
  const server = { name: 'x', title: 'x', description: 'x', upstream, transports, tags: [] };
  const started = performance.now();
  const memory = process.memoryUsage().rss;
  const limits = { answer: 1_000, whole: 2_000 };
  const result = await probeServer(server, transport, [`127.0.0.1:${port}`], limits, credential);
  return { result, took: performance.now() - started, grown: process.memoryUsage().rss - memory };
}

const head = (length: number | string, type = 'application/json') =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
const good = '{"jsonrpc":"2.0","id":0,"result":{}}';
const flood = (socket: Socket, start: string, piece: string) => {
  socket.write(start);
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
};
const megabyte = 'x'.repeat(1_048_576);

const bad: [string, (socket: Socket) => void][] = [
  ['answers 1 GB', (socket) => flood(socket, head(1_073_741_824), megabyte)],
  ['announces 1 GB and sends nothing', (socket) => socket.write(head(1_073_741_824))],
  ['sends less than it announces', (socket) => socket.end(head(good.length + 100) + good)],
  ['sends more than it announces', (socket) => socket.end(head(10) + good)],
  ['announces a negative length', (socket) => socket.end(head(-1) + good)],
  ['announces two lengths', (socket) => socket.end(head(`5\r\nContent-Length: ${good.length}`) + good)],
  ['announces a length and chunks', (socket) => socket.end(head(`5\r\nTransfer-Encoding: chunked`) + good)],
  [
    'sends chunks without end',
    (socket) =>
      flood(
        socket,
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
        `100000\r\n${megabyte}\r\n`,
      ),
  ],
  ['sends headers without end', (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n', `X-A: ${'a'.repeat(1_000)}\r\n`)],
  ['sends interim answers without end', (socket) => flood(socket, '', 'HTTP/1.1 102 Processing\r\n\r\n')],
  [
    'sends events without end',
    (socket) => flood(socket, head('999999999', 'text/event-stream'), ': x\n\n'.repeat(10_000)),
  ],
  ['sends one event without end', (socket) => flood(socket, head('999999999', 'text/event-stream'), megabyte)],
  [
    'sends five characters a second',
    (socket) => {
      socket.write(head(1_000));
      setInterval(() => socket.write('{'), 200).unref();
    },
  ],
  [
    'upgrades the connection',
    (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  ],
  ['does not speak HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
  ['hangs', () => undefined],
];
test.each(
  bad.flatMap(([what, answer]) => (['streamable-http', 'sse'] as const).map((by) => [what, by, answer] as const)),
)(
  'A server that %s, checked by %s, is unhealthy in time, and its answer is not read to the end',
  async (_what, by, answer) => {
    const { result, took, grown } = await probe(await raw(answer), by);
    expect(['unhealthy', 'degraded']).toContain(result.status);
    expect(result.error).toBeTruthy();
    expect(`${result.error}${result.cause}`).not.toMatch(/127\.0\.0\.1:\d.*S3cret|S3cret/);
    expect(took).toBeLessThan(15_000);
    expect(grown).toBeLessThan(200 * 1_048_576);
  },
);

test.each([301, 302, 303, 307, 308])(
  'A server that redirects with %d, even to itself, is unhealthy: the gateway does not follow redirects',
  async (status) => {
    const paths: string[] = [];
    const port = await http((req, res) => {
      paths.push(req.url ?? '');
      res.writeHead(status, { location: '/elsewhere' }).end();
    });
    for (const by of ['streamable-http', 'sse'] as const) {
      const { result } = await probe(port, by);
      expect([result.status, result.error]).toEqual([
        'unhealthy',
        `It answered HTTP ${status} instead of MCP: it redirects to /elsewhere. Register that path.`,
      ]);
    }
    expect(paths).not.toContain('/elsewhere');
  },
);

test('A credential that a server quotes in an error does not reach the log', async () => {
  const port = await http((req, res) =>
    res.writeHead(400).end(`You sent ${req.headers.authorization}, that is S3cret`),
  );
  const { result } = await probe(port);
  expect(String(result.cause)).toContain('You sent (credential), that is (credential)');
});
