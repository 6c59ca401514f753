import { execFileSync } from 'node:child_process';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { newFlow } from '../support/gateway/oauth-flow.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { until } from '../support/listen.ts';

let gateway: Gateway;
let headers: Record<string, string>;
const body = rpc('tools/call', { name: 'look' });
beforeAll(async () => {
  gateway = await startGateway({}, [], { processes: ['auth-server', 'registry'] });
  const authorization = `Bearer ${await gateway.agentToken()}`;
  headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization };
}, 180_000);
afterAll(() => gateway?.stop());
beforeEach(() => gateway.echo.reset());

const call = () => send(gateway.ports.gateway, { path: '/echo/mcp', headers, body });
const health = async () => {
  const answer = await send(gateway.ports.gateway, { method: 'GET', path: '/health' });
  return { status: answer.status, ...(JSON.parse(answer.body) as Record<string, string>) };
};

function signal(service: string, name: NodeJS.Signals): void {
  const pid = gateway.supervisor.pid(service);
  if (pid) process.kill(pid, name);
}

async function timed<T>(work: () => Promise<T>): Promise<[T, seconds: number]> {
  const start = performance.now();
  return [await work(), (performance.now() - start) / 1000];
}

test('GET /health reports that nginx, auth-server and registry are up', async () => {
  const all = { nginx: 'up', 'auth-server': 'up', relay: 'up', registry: 'up' };
  expect(await health()).toMatchObject({ status: 'up', ...all, versions: 'the same' });
});

test.each(['/health/live', '/health/ready'])('nginx does not expose %s', async (path) => {
  expect((await send(gateway.ports.gateway, { method: 'GET', path })).status).toBe(404);
  for (const port of [gateway.ports.authServer, gateway.ports.registry, gateway.ports.relay])
    expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
});

test('While the auth-server hangs, clients keep their tokens: 503 temporarily_unavailable', async () => {
  const flow = await newFlow(gateway.url);
  const { refresh_token, access_token = '' } = await flow.tokens();
  signal('auth-server', 'SIGSTOP');
  try {
    for (const answer of await Promise.all([flow.refresh(refresh_token), flow.post('/oauth2/revoke', {})])) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
    }
    const used = { ...headers, authorization: `Bearer ${access_token}` };
    const answer = await send(gateway.ports.gateway, {
      path: '/currenttime/mcp',
      headers: used,
      body: rpc('tools/list'),
    });
    expect(JSON.parse(answer.body)).toMatchObject({ error: { data: { reason: 'authorization_unavailable' } } });
  } finally {
    signal('auth-server', 'SIGCONT');
  }
  expect((await flow.refresh(refresh_token)).status).toBe(200);
});

test('While the auth-server hangs, a call gets 503 within two seconds and reaches no server; afterwards calls work again', async () => {
  signal('auth-server', 'SIGSTOP');
  try {
    const [answer, seconds] = await timed(call);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { data: { reason: 'authorization_unavailable' } } });
    expect(answer.headers['retry-after']).toBe('1');
    expect(seconds).toBeLessThan(6);
    expect(gateway.echo.seen).toEqual([]);
  } finally {
    signal('auth-server', 'SIGCONT');
  }
  expect((await call()).status).toBe(200);
});

test('While the registry is down, health reports it, tool calls go on, and its pages get 503', async () => {
  signal('registry', 'SIGKILL');
  await expect(gateway.supervisor.died).rejects.toThrow('registry stopped by itself');
  expect(await health()).toMatchObject({ status: 'down', 'auth-server': 'up', relay: 'up', registry: 'down' });
  expect((await call()).status).toBe(200);
  const get = (accept: string) =>
    send(gateway.ports.gateway, { method: 'GET', path: '/', headers: { ...headers, accept } });
  expect(JSON.parse((await get('application/json')).body)).toMatchObject({ error: { code: 'unavailable' } });
  const page = await get('text/html');
  expect([page.status, page.headers['content-type']]).toEqual([503, 'text/html']);
});

test('While the auth-server is down, every request gets 503 at once, health says why, and no request reaches a server', async () => {
  signal('auth-server', 'SIGKILL');
  while (gateway.supervisor.pid('auth-server')) await new Promise((resolve) => setTimeout(resolve, 10));
  const [answer, seconds] = await timed(call);
  expect(answer.status).toBe(503);
  expect(seconds).toBeLessThan(5);
  // The page that says so has its style and its sign: nginx has both.
  const load = (path: string, accept: string) =>
    send(gateway.ports.gateway, { method: 'GET', path, headers: { ...headers, accept } });
  const page = await load('/', 'text/html');
  const files = [...page.body.matchAll(/(?:href|src)="(\/-\/[^"]+)"/g)].map(([, path]) => String(path));
  expect([page.status, new Set(files)]).toEqual([503, new Set(['/-/page.css', '/-/icon.svg'])]);
  const loaded = await Promise.all(files.map((path) => load(path, '*/*')));
  expect(new Set(loaded.map((file) => `${file.status} ${file.headers['content-type']}`))).toEqual(
    new Set(['200 text/css; charset=utf-8', '200 image/svg+xml']),
  );
  expect(await health()).toMatchObject({ status: 'down', nginx: 'up', 'auth-server': 'down' });
  for (const path of ['/', '/login', '/api/servers', '/.well-known/jwks.json']) {
    expect((await send(gateway.ports.gateway, { method: 'GET', path, headers })).status).toBe(503);
  }
  // What a person comes back with from a provider stands in no line of any log.
  const answered = '?code=a-code-of-a-provider&state=a-state-of-an-attempt';
  for (const path of [
    `/oauth2/callback/cognito${answered}`,
    `/oauth2/accounts/callback${answered}`,
    '/accounts/connect/x',
  ])
    expect((await send(gateway.ports.gateway, { method: 'GET', path, headers })).status).toBe(503);
  expect(await until(() => gateway.log.some((line) => line.includes('"path":"/accounts/connect/x"')))).toBe(true);
  expect(gateway.log.filter((line) => /a-code-of|a-state-of/.test(line)).map((line) => line.slice(0, 200))).toEqual([]);
  expect(gateway.echo.seen).toEqual([]);
});

test('nginx accepts the generated configuration without a warning', () => {
  const output = execFileSync('nginx', ['-t', '-q', '-c', `${gateway.dataDir}/nginx/nginx.conf`], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(String(output)).toBe('');
});
