import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { rpc, send } from '../support/gateway/send.ts';
import { nameOf } from './load.ts';
import { type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

/** A gateway with default settings, except for a limit by address that a test can reach. */
const limit = 200;
let stage: Stage;
beforeAll(async () => {
  stage = await startStage({
    AUTH_FAILURES_PER_ADDRESS: '1200',
    CONNECTIONS_PER_ADDRESS: String(limit),
    TRUSTED_PROXIES: '127.0.0.1',
  });
}, 90_000);
const running: ChildProcess[] = [];
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await stage?.stop();
});

const stranger = { 'x-forwarded-for': '203.0.113.66' };

/** The headers of a POST whose body never ends. It comes from another address than the load. */
function slowBody(address: string): Socket {
  const { gateway } = stage;
  const socket = connect(gateway.ports.gateway, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `POST /echo/mcp HTTP/1.1\r\nHost: localhost:${gateway.ports.gateway}\r\nX-Forwarded-For: ${address}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"jsonrpc"',
  );
  return socket;
}

test('When one address sends a thousand bodies a byte at a time, those over the limit get 429, and others are served', async () => {
  const sockets: Socket[] = [];
  const answers: string[] = [];
  const outcome = await stage.endure({
    what: `one address sends 1,000 bodies a byte at a time (limit ${limit})`,
    begin: async () => {
      for (let i = 0; i < 1_000; i++) {
        const socket = slowBody('203.0.113.66');
        socket.on('data', (data) =>
          answers.push(/^HTTP\/1.1 (\d+).*"reason":"(\w+)"/s.exec(String(data))?.slice(1).join(' ') ?? String(data)),
        );
        sockets.push(socket);
      }
      for (let i = 0; i < 20; i++) {
        await sleep(400);
        for (const socket of sockets) if (socket.writable) socket.write(' ');
      }
    },
    lasts: 0,
    end: () => {
      for (const socket of sockets) socket.destroy();
    },
    refusals: [],
    within: 2,
  });
  expect(new Set(answers)).toEqual(new Set(['429 too_many_connections']));
  expect(answers).toHaveLength(1_000 - limit);
  record(outcome);
}, 60_000);

test('The gateway closes a connection whose headers or body stop arriving for ten seconds', async () => {
  const socket = slowBody('203.0.113.67');
  const began = performance.now();
  const head = connect(stage.gateway.ports.gateway, '127.0.0.1');
  head.on('error', () => {}).write('POST /echo/mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  await Promise.all([socket, head].map((each) => new Promise((resolve) => each.once('close', resolve).resume())));
  expect((performance.now() - began) / 1000).toBeLessThan(14);
}, 60_000);

test('A client that floods the gateway with different bad tokens is throttled, and others are served', async () => {
  const { gateway, callers } = stage;
  const got = new Map<string, number>();
  let flooding = true;
  let sent = 0;
  const flood = async () => {
    while (flooding) {
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer forged.${sent++}.token`,
        ...stranger,
      };
      const request = { path: '/echo/mcp', headers, body: rpc('tools/call', { name: 'look' }) };
      const answer = await send(gateway.ports.gateway, request).then(nameOf, () => 'lost');
      got.set(answer, (got.get(answer) ?? 0) + 1);
    }
  };
  let floods: Promise<void>[] = [];
  const outcome = await stage.endure({
    what: 'one address floods the gateway with bad tokens, each a different one',
    begin: () => {
      // Only a few, because they share this process with the MCP server of the load.
      floods = Array.from({ length: 6 }, flood);
    },
    lasts: 10_000,
    end: async () => {
      // A token that is known to be good is allowed from that address too.
      const headers = { ...callers.agent, ...stranger };
      const request = { path: '/echo/mcp', headers, body: rpc('tools/call', { name: 'look' }) };
      expect(nameOf(await send(gateway.ports.gateway, request))).toBe('200');
      flooding = false;
      await Promise.all(floods);
    },
    refusals: [],
    within: 2,
  });
  expect([...got.keys()].sort()).toEqual(['401 token_invalid', '429 too_many_requests']);
  expect(got.get('401 token_invalid')).toBeLessThanOrEqual(1_200 + 6);
  record(outcome);
}, 60_000);

/** Limited by the open files of a process: the relay needs two for each stream. */
const mostFiles = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
const idle = Math.min(10_000, Math.floor((mostFiles - 200) / 2));

test('With thousands of idle streams open, all other requests are served as before, and no stream ends', async () => {
  const { gateway, callers } = stage;
  const { authorization = '' } = callers.agent as { authorization?: string };
  // Run it in a separate process, because the echo with as many connections runs in this one.
  const args = [`${import.meta.dirname}/idle-streams.ts`, String(gateway.ports.gateway), String(idle), String(limit)];
  const clients = spawn(process.execPath, args, { env: { ...process.env, AUTHORIZATION: authorization } });
  let said = '';
  clients.stdout.on('data', (data) => {
    said += data;
  });
  clients.stderr.on('data', (data) => {
    said += data;
  });
  const says = async (line: RegExp) => {
    while (!line.test(said)) {
      if (clients.exitCode !== null) throw new Error(`the clients stopped: ${said}`);
      await sleep(50);
    }
  };
  running.push(clients);
  const outcome = await stage.endure({
    what: `${idle.toLocaleString('en')} idle streams through the relay are opened, kept and closed`,
    begin: () => says(/all open/),
    lasts: 10_000,
    end: async () => {
      clients.kill('SIGTERM');
      await says(/ended: \d+/);
    },
    refusals: [],
    within: 5,
  });
  expect(said).toMatch(/ended: 0$/m);
  record(outcome);
}, 400_000);
