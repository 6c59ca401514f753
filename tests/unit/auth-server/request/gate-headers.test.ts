import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gateHeaders } from '../../../../auth-server/request/gate-headers.ts';
import { readOriginalRequest } from '../../../../auth-server/request/original-request.ts';
import { sendBytes } from '../../../support/gateway/send.ts';

const seen: unknown[] = [];
const server = createServer((req, res) => {
  const read = (headers: typeof req.headers) => {
    try {
      return readOriginalRequest(headers);
    } catch (error) {
      return String(error);
    }
  };
  seen.push([read(gateHeaders(req)), read(req.headers)]);
  res.end();
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

const gate = [
  'X-Resource: mcp',
  'X-Mcp-Server: a',
  'X-Mcp-Endpoint: mcp',
  'X-Mcp-Routed: 1',
  'X-Original-Method: POST',
  'X-Original-URI: /a/mcp',
  'Authorization: Bearer t',
  'X-Request-Id: r',
];
const cases: [what: string, lines: string[]][] = [
  ['as nginx writes them', gate],
  ['in small letters', gate.map((line) => line.toLowerCase())],
  ['in capitals', gate.map((line) => line.replace(/^[^:]*/, (name) => name.toUpperCase()))],
  ['with other headers between', gate.flatMap((line) => [line, 'X-Other: x', 'toString: x', '__proto__: x'])],
  ['with an empty header', [...gate, 'Cookie:']],
  ['with a missing header', gate.slice(1)],
  ...gate.map((line): [string, string[]] => [`with ${line} twice`, [...gate, line]]),
  ['with two cookies', [...gate, 'Cookie: a=1', 'Cookie: b=2']],
  ['with a header twice, the first empty', [...gate, 'Origin:', 'Origin: https://a.example']],
];

test.each(cases)('Headers %s are read as Node would read them', async (_what, lines) => {
  seen.splice(0);
  const { port } = server.address() as AddressInfo;
  await sendBytes(port, [`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`]);
  expect(seen).toHaveLength(1);
  const [[fast, slow]] = seen as [[unknown, unknown]];
  expect(fast).toEqual(slow);
});

test('Every header that the code uses is among those that are parsed', () => {
  const reader = readFileSync('auth-server/request/original-request.ts', 'utf8');
  const read = [...reader.matchAll(/(?:one|required)\('([a-z-]+)'\)/g)].map(([, name = '']) => name);
  expect(read.length).toBeGreaterThan(15);
  for (const name of read) {
    const found = gateHeaders({ rawHeaders: [name.toUpperCase(), 'x'], headers: {} });
    expect(found[name]).toBe('x');
  }
});
