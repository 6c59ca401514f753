import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';

/** What a server sends before a second answer, whose headers nginx has not read. */
let first = '';
const second = 'HTTP/1.1 200 OK\r\nSet-Cookie: stolen=1\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}';
const server: Server = createServer((socket) => {
  socket
    .on('error', () => {})
    .once('data', () => {
      // The second part may be split anywhere.
      socket.write(`${first}HT`);
      setTimeout(() => socket.end(second.slice(2)), 50);
    });
});

let gateway: Gateway;
let headers: Record<string, string>;
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transports = { 'streamable-http': '/mcp' };
  gateway = await startGateway({}, [{ name: 'raw', title: 'Raw', description: 'x', upstream, transports, tags: [] }]);
  const authorization = `Bearer ${await gateway.agentToken()}`;
  headers = { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  server.close();
});

const call = rpc('tools/call', { name: 'x' });

test.each([
  ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['102', 'HTTP/1.1 102 Processing\r\nContent-Length: 0\r\n\r\n'],
  ['103', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
  ['199 in HTTP/1.0', 'HTTP/1.0 199 X\r\n\r\n'],
  ['099', 'HTTP/1.1 099 X\r\n\r\n'],
  ['an empty line', '\r\n'],
  ['empty lines', '\n\n\r\n'],
  ['a line that is no status line', 'hello\r\n\r\n'],
  ['another protocol', 'ICY 200 OK\r\n\r\n'],
  ['a status line in lower case', 'http/1.1 103 x\r\n\r\n'],
  ['half a status line', 'HTHTTP/TP/1.1 103 x\r\n\r\n'],
])('A second answer behind %s does not reach the client of a direct call', async (_what, text) => {
  first = text;
  const socket = connect(gateway.ports.gateway, '127.0.0.1');
  let answer = '';
  socket
    .on('error', () => {})
    .on('data', (data) => {
      answer += data.toString('latin1');
    });
  const lines = Object.entries({
    host: `localhost:${gateway.ports.gateway}`,
    ...headers,
    'content-length': call.length,
  });
  socket.write(`POST /raw/mcp HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n${call}`);
  await new Promise((closed) => socket.once('close', closed));
  expect(answer).toBe('');
});

test('Ordinary answers and streams that mention HTTP/1.1 arrive as the server wrote them', async () => {
  const text = 'HTTP/1.1 and HTTP/2, no-HTTP';
  gateway.echo.answer = (res) =>
    void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(text));
  expect((await send(gateway.ports.gateway, { path: '/echo/mcp', headers, body: call })).body).toBe(
    JSON.stringify(text),
  );
  gateway.echo.answer = (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: "${text}"\n\n`);
    setTimeout(() => res.end(`data: "${text}"\n\n`), 50);
  };
  const stream = await send(gateway.ports.gateway, { path: '/echo/mcp', headers, body: call });
  expect(stream.body).toBe(`data: "${text}"\n\ndata: "${text}"\n\n`);
});
