import { gzipSync } from 'node:zlib';
import { anyRequest, type Behaviour, event, type Kind, raw, stolenList, when } from './behaviour.ts';

const body = stolenList();
const of = (name: string, ...pieces: (string | Buffer)[]): Behaviour => ({
  name,
  uses: ['list', 'stream', 'call', 'ping'],
  answer: when(anyRequest, (heard) => {
    raw(heard, ...pieces);
    const { socket } = heard.response;
    setTimeout(() => socket?.destroy(), 400);
  }),
  lasts: 700,
});
const head = (...lines: string[]) => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`;
const json = 'content-type: application/json';
const length = (bytes: number) => `content-length: ${bytes}`;
const chunked = 'transfer-encoding: chunked';
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

const behaviours: Behaviour[] = [
  of(
    'an answer 101',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n',
    event(body),
  ),
  of('an answer 101 to h2c', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: Upgrade\r\n\r\n', body),
  of('an answer 100 and then the list', `HTTP/1.1 100 Continue\r\n\r\n${head(json, length(body.length))}${body}`),
  of(
    'a hundred answers 103',
    `${'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100)}${head(json, length(body.length))}${body}`,
  ),
  of('a list behind 204', `HTTP/1.1 204 No Content\r\n${json}\r\n\r\n${body}`),
  of('a list behind 304', `HTTP/1.1 304 Not Modified\r\n${json}\r\n\r\n${body}`),
  of('a second answer behind the first', `${head(json, length(2))}{}${head(json, length(body.length))}${body}`),
  of('a second answer behind an empty one', `${head(json, length(0))}${head(json, length(body.length))}${body}`),
  of('a Content-Length that is too short', head(json, length(10)), body),
  of('a Content-Length that is too long', head(json, length(100_000)), body),
  of('two Content-Lengths', head(json, length(2), length(body.length)), body),
  of('Content-Length and chunks', head(json, length(2), chunked), chunk(body), '0\r\n\r\n'),
  of('a negative Content-Length', head(json, 'content-length: -1'), body),
  of('a chunk of 16 hexadecimal digits', head(json, chunked), 'ffffffffffffffff\r\n', body),
  of('a chunk that ends too early', head(json, chunked), 'ffff\r\n', body),
  of(
    'trailers that repeat headers',
    head(json, chunked, 'trailer: content-type'),
    chunk(body),
    '0\r\ncontent-type: text/event-stream\r\n\r\n',
  ),
  of('Transfer-Encoding: gzip, chunked', head(json, 'transfer-encoding: gzip, chunked'), chunk(body), '0\r\n\r\n'),
  of('gzip that was not asked for', head(json, 'content-encoding: gzip', 'connection: close'), gzipSync(body)),
  of('a bomb of gzip', head(json, 'content-encoding: gzip', 'connection: close'), gzipSync(Buffer.alloc(50_000_000))),
  of('Content-Encoding: br, gzip, gzip', head(json, 'content-encoding: br, gzip, gzip', 'connection: close'), body),
  of('a header of 60 kB', head(json, `x-y: ${'x'.repeat(60_000)}`, length(body.length)), body),
  of('2,000 headers', head(json, ...Array.from({ length: 2_000 }, (_, n) => `x-${n}: y`), length(body.length)), body),
  of('line breaks of other kinds in a header', `HTTP/1.1 200 OK\n${json}\nx: a\rcontent-length: 3\n\n${body}`),
  of('a folded header', head(json, 'x: y', ' content-type: text/event-stream', 'connection: close'), body),
  of('a header without a name', head(json, ': x', 'connection: close'), body),
  of('a NUL in a header', head(json, 'x: a\0b', 'connection: close'), body),
  of('a session id with a line break', head(json, 'mcp-session-id: a\r\n\tb', 'connection: close'), body),
  of('two session ids', head(json, 'mcp-session-id: a', 'mcp-session-id: b', 'connection: close'), body),
  of(
    'headers that nginx obeys',
    head(json, 'x-accel-redirect: /validate', 'x-accel-buffering: yes', 'x-accel-expires: 99', 'connection: close'),
    '{}',
  ),
  of(
    "the relay's own error header",
    head(json, 'x-relay-error: {"x":1}', 'X_Relay_Error: {"x":1}', 'connection: close'),
    '{}',
  ),
  of('HTTP/0.9', body),
  of('HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`),
  of('a status of four digits', `HTTP/1.1 2000 OK\r\n${json}\r\n\r\n${body}`),
  of('bytes that are no HTTP', Buffer.alloc(100_000, 0xff)),
];

/** HTTP that a proxy and a client may read differently. */
export const brokenHttp: Kind = {
  name: 'Broken and ambiguous HTTP',
  means: 'no reader sees a tool that its caller may not use, and no connection becomes a tunnel',
  behaviours,
};
