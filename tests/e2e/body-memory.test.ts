import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';

const megabyte = 1_048_576;
const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
/** nginx's memory in MB, as the container has it. */
const memoryMb = Number.parseInt(compose.services.nginx.mem_limit, 10);

let gateway: Gateway;
let authorization: string;
const sockets: Socket[] = [];
beforeAll(async () => {
  Object.assign(process.env, { MEMORY_MB: String(memoryMb), WORKERS: '4' });
  gateway = await startGateway({ TRUSTED_PROXIES: '127.0.0.1', MAX_BODY_BYTES: String(4 * megabyte) });
  authorization = `Bearer ${await gateway.agentToken()}`;
}, 180_000);
afterAll(() => gateway?.stop());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  gateway.echo.reset();
  await sleep(500);
});

/** nginx's master and workers, in MB, each shared page once. */
function memoryOfNginx(): number {
  const master = readFileSync(`${gateway.dataDir}/nginx/nginx.pid`, 'utf8').trim();
  const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
  const ofOne = (pid: string) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
  return [master, ...workers].reduce((sum, pid) => sum + ofOne(pid), 0) / 1024;
}

const start = (address: string, more: string) =>
  `POST /echo/mcp HTTP/1.1\r\nHost: localhost:${gateway.ports.gateway}\r\nX-Forwarded-For: ${address}\r\n` +
  `Authorization: ${authorization}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n${more}\r\n`;
const sized = (size: number) => {
  const text = rpc('tools/call', { name: 'look', arguments: { a: 'x'.repeat(size - 150) } });
  return text + ' '.repeat(size - text.length);
};
/** Opens connections that send `text`, and collects the status of each answer. */
async function open(count: number, text: (i: number) => string): Promise<string[]> {
  const answers: string[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connect(gateway.ports.gateway, '127.0.0.1');
    socket.on('error', () => {}).on('data', (data) => answers.push(String(data)));
    sockets.push(socket);
    await new Promise<void>((sent) => socket.write(text(i), () => sent()));
  }
  await sleep(500);
  return answers;
}
const called = async (address: string, size = 200) => {
  const headers = { authorization, 'content-type': 'application/json', 'x-forwarded-for': address };
  const accept = 'application/json, text/event-stream';
  return (await send(gateway.ports.gateway, { path: '/echo/mcp', headers: { ...headers, accept }, body: sized(size) }))
    .status;
};

// Without limits, each would take more than half of the memory. More would last as long as nginx waits for the rest of a body.
test.each([
  ['of 1 MB that lack a byte', 300, () => start('192.0.2.1', `Content-Length: ${megabyte}\r\n`) + sized(megabyte - 1)],
  [
    'of 4 MB that lack a byte',
    100,
    () => start('192.0.2.1', `Content-Length: ${4 * megabyte}\r\n`) + sized(4 * megabyte - 1),
  ],
  [
    'of 4 MB in chunks that lack the last one',
    100,
    () =>
      `${start('192.0.2.1', 'Transfer-Encoding: chunked\r\n')}${(4 * megabyte).toString(16)}\r\n${sized(4 * megabyte)}\r\n`,
  ],
])(
  "One address that sends bodies %s takes a part of nginx's memory, and others are served",
  async (_what, count, text) => {
    const whole = text();
    const answers = await open(count, () => whole);
    expect(memoryOfNginx()).toBeLessThan(memoryMb / 2);
    expect(answers.length).toBeGreaterThan(count / 2);
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 429 /);
    expect(answers.join('')).toMatch(/too_many_connections/);
    expect(answers.join('')).toMatch(/bodies over 10 kB.*Content-Length instead of chunks/);
    expect([await called('192.0.2.2'), await called('192.0.2.2', 2 * megabyte)]).toEqual([200, 200]);
    // nginx waits ten seconds for the rest of a body: on a busy machine, it has ended the first ones.
    await open(10, () => whole);
    expect([await called('192.0.2.1'), await called('192.0.2.1', 2 * megabyte)]).toEqual([200, 429]);
  },
);

test('Calls of every size that many addresses hold open fit into the memory of the container, and small ones are served', async () => {
  gateway.echo.answer = () => {};
  const address = (i: number) => `198.51.100.${i % 250}`;
  for (const [size, count] of [
    [4 * megabyte, 40],
    [999_999, 60],
    [99_999, 300],
    [9_999, 500],
  ] as const) {
    const body = sized(size);
    await open(count, (i) => start(address(i), `X-A: ${'a'.repeat(13_000)}\r\nContent-Length: ${size}\r\n`) + body);
  }
  // More hold back the end of their headers. A worker gets a few more connections than another, and one that is full closes the
  // next: with 1,000, each has room for a fifth more.
  await open(1_000, (i) => start(address(i), `X-A: ${'a'.repeat(14_000)}\r\nX-B: ${'b'.repeat(14_000)}`).slice(0, -2));
  expect(memoryOfNginx()).toBeLessThan(memoryMb);
  gateway.echo.reset();
  expect(await called('192.0.2.2')).toBe(200);
}, 120_000);
