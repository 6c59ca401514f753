import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { cksum } from '../../registry/routing/route-status.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { answerSoon, until } from '../support/listen.ts';

let gateway: Gateway;
let headers: Record<string, string>;
let routes: string;
/** How many processes of nginx may be left from before the last reloads. */
const most = 6;
beforeAll(async () => {
  process.env.OLD_WORKERS = String(most);
  gateway = await startGateway();
  routes = `${gateway.dataDir}/nginx/routes`;
  const authorization = `Bearer ${await gateway.agentToken()}`;
  headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization };
}, 180_000);
afterAll(() => gateway?.stop());
beforeEach(() => gateway.echo.reset());

const call = (server: string) =>
  send(gateway.ports.gateway, { path: `/${server}/mcp`, headers, body: rpc('tools/call', { name: 'look' }) });
/** An event of a stream. */
const eventOf = (data: string) =>
  `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data } })}\n\n`;
const echoAddress = () => new URL(gateway.echo.url).host;

/** Replaces the routes as the registry does, and waits until the watcher reports the result. */
async function replaceRoutes(text: string): Promise<string> {
  const sum = cksum(Buffer.from(text));
  const isReplaced = () => readFileSync(routes, 'utf8') === text;
  for (let tries = 0; tries < 1_000 && !(isReplaced() && status().includes(` ${sum}`)); tries++) {
    // The registry writes its own routes after each health check, the first one soon after its start.
    if (!isReplaced()) {
      writeFileSync(`${routes}.new`, text);
      renameSync(`${routes}.new`, routes);
    }
    await sleep(50);
  }
  return status();
}

function status(): string {
  try {
    return readFileSync(`${routes}.status`, 'utf8');
  } catch {
    return '';
  }
}

test('A server that the registry adds is routed within seconds, and one that it removes is no longer routed', async () => {
  const before = readFileSync(routes, 'utf8');
  expect((await call('added')).status).toBe(404);
  const line = `added http ${echoAddress()} ${echoAddress()} /mcp - -\n`;
  expect(await replaceRoutes(before + line)).toMatch(/^ok /);
  await expectSoon(() => call('added'), 200, before + line);
  expect(gateway.echo.seen.at(-1)?.headers).toMatchObject({ 'x-server-name': 'added', host: echoAddress() });

  expect(await replaceRoutes(before)).toMatch(/^ok /);
  await expectSoon(() => call('added'), 404, before);
});

test('A host name with an underscore, which container networks use, is routed like any other', async () => {
  const before = readFileSync(routes, 'utf8');
  const changed = `${before}added http my_echo:1 ${echoAddress()} /mcp - -\n`;
  expect(await replaceRoutes(changed)).toMatch(/^ok /);
  await expectSoon(() => call('added'), 200, changed);
  expect(gateway.echo.seen.at(-1)?.headers.host).toBe('my_echo:1');
  await replaceRoutes(before);
});

test('Servers called as nginx keywords are routed like any other and do not affect the rest', async () => {
  const before = readFileSync(routes, 'utf8');
  const names = ['default', 'include', 'hostnames', 'volatile'];
  const lines = names.map((name) => `${name} http ${name}.example ${echoAddress()} /mcp - -\n`);
  expect(await replaceRoutes(before + lines.join(''))).toMatch(/^ok /);
  for (const name of names) {
    await expectSoon(() => call(name), 200, before + lines.join(''));
    expect(gateway.echo.seen.at(-1)?.headers.host).toBe(`${name}.example`);
  }
  expect((await call('echo')).status).toBe(200);
  expect(gateway.echo.seen.at(-1)?.headers.host).toBe(echoAddress());
  await replaceRoutes(before);
});

/** Old nginx workers serve their open connections to the end, so a change may take a moment to show. */
async function expectSoon(work: () => Promise<{ status: number }>, expected: number, routed?: string): Promise<void> {
  const ask = async () => {
    if (routed !== undefined) await replaceRoutes(routed);
    return (await work()).status;
  };
  expect(await answerSoon(ask, expected, 75_000)).toBe(expected);
}

test.each([
  ['nginx/reload', 'x http a:1 127.0.0.1:1 /$host - -'],
  ['nginx', 'x http a:1 999.0.0.1:1 /mcp - -'],
])(
  'Routes that %s refuses are reported with the reason, and the previous routes stay in force',
  async (_what, line) => {
    const before = readFileSync(routes, 'utf8');
    try {
      expect(await replaceRoutes(`${before}${line}\n`)).toMatch(/^refused \d+-\d+ ./);
      expect((await call('echo')).status).toBe(200);
    } finally {
      await replaceRoutes(before);
    }
  },
);

test('An open stream survives a reload', async () => {
  const before = readFileSync(routes, 'utf8');
  let push = (_event: string) => {};
  gateway.echo.answer = (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(eventOf('before'));
    push = (data) => void res.write(eventOf(data));
  };
  let received = '';
  let ended = false;
  const req = get(`${gateway.url}/echo/mcp`, { headers }, (res) => {
    res.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    res.on('close', () => {
      ended = true;
    });
  });
  req.on('error', () => {});
  expect(await until(() => received.includes('before'))).toBe(true);
  expect(await replaceRoutes(`${before}more http ${echoAddress()} ${echoAddress()} /mcp - -\n`)).toMatch(/^ok /);
  await expectSoon(() => call('nowhere'), 404);
  push('after');
  await until(() => received.includes('after'));
  expect(received).toContain('"data":"before"');
  expect(received).toContain('"data":"after"');
  expect(ended).toBe(false);
  req.destroy();
});

test('After many reloads with open streams only some processes of nginx are left, and the newest streams are open', async () => {
  const before = readFileSync(routes, 'utf8');
  gateway.echo.answer = (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
  const isOpen: boolean[] = [];
  for (let i = 0; i < most + 4; i++) {
    const index = isOpen.push(true) - 1;
    const req = get(`${gateway.url}/echo/mcp`, { headers });
    req
      .on('error', () => {})
      .on('response', (res) => {
        res.resume().on('close', () => {
          isOpen[index] = false;
        });
      });
    await new Promise((begun) => req.once('response', begun));
    const line = `added http ${echoAddress()} ${echoAddress()} /mcp - - X-A${i}\n`;
    expect(await replaceRoutes(before + line)).toMatch(/^ok /);
  }
  const master = readFileSync(`${gateway.dataDir}/nginx/nginx.pid`, 'utf8').trim();
  const old = () =>
    readFileSync(`/proc/${master}/task/${master}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('shutting down')).length;
  await until(() => old() <= most);
  expect(old()).toBeLessThanOrEqual(most);
  expect(isOpen.at(-1)).toBe(true);
  await replaceRoutes(before);
}, 60_000);
