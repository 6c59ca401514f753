import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { freePorts, type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { until } from '../support/listen.ts';

jest.setTimeout(180_000);

interface Span {
  service: string;
  name: string;
  traceId: string;
  parentSpanId?: string;
  attributes: Record<string, unknown>;
}

const spans: Span[] = [];
let received = '';
let collector: Server;
let gateway: Gateway;
beforeAll(async () => {
  // OTLP over HTTP, as JSON: opentelemetry-proto, ExportTraceServiceRequest.
  collector = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += chunk;
    received += body;
    if (req.url === '/v1/traces') for (const span of spansIn(body)) spans.push(span);
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
  gateway = await startGateway(settings, [], {
    // Those that the tests ask: each takes a second to load the libraries.
    processes: ['auth-server', 'registry', 'relay', 'cognito', 'currenttime'],
  });
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  collector?.closeAllConnections();
  collector?.close();
});

interface Otlp {
  resourceSpans: {
    resource: { attributes: { key: string; value: Record<string, unknown> }[] };
    scopeSpans: {
      spans: (Omit<Span, 'attributes'> & { attributes: Otlp['resourceSpans'][0]['resource']['attributes'] })[];
    }[];
  }[];
}

function spansIn(body: string): Span[] {
  const plain = (list: Otlp['resourceSpans'][0]['resource']['attributes']) =>
    Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
  return (JSON.parse(body) as Otlp).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        ...span,
        service: String(plain(resource.attributes)['service.name']),
        attributes: plain(span.attributes ?? []),
      })),
    ),
  );
}

async function untilTraced(traceId: string, services: readonly string[]): Promise<Span[]> {
  const found = () => spans.filter((span) => span.traceId === traceId);
  const isWhole = () => services.every((name) => found().some(({ service }) => service === name));
  if (await until(isWhole)) return found();
  throw new Error(`the trace ${traceId} is incomplete: ${JSON.stringify(found())}`);
}

const traceId = '0123456789abcdef0123456789abcdef';
const mcp = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const query = 'code=quitesecretcode';

test('One trace follows a request for tools from the client through the gate and the relay to the server', async () => {
  const token = await gateway.agentToken('reader');
  const headers = { ...mcp, authorization: `Bearer ${token}`, traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  const path = `/currenttime/mcp?${query}`;
  const answer = await send(gateway.ports.gateway, { path, headers, body: rpc('tools/list') });
  expect(answer.status).toBe(200);
  const found = await untilTraced(traceId, ['auth-server', 'relay', 'currenttime']);
  const gate = found.find(({ service, attributes }) => service === 'auth-server' && attributes['mcp_gateway.verdict']);
  expect(gate?.parentSpanId).toBe('00f067aa0ba902b7');
  expect(gate?.attributes).toMatchObject({
    'mcp_gateway.server': 'currenttime',
    'mcp_gateway.method': 'tools/list',
    'mcp_gateway.verdict': 'allow',
  });
});

test('The trace of a denial shows the denied tool and the reason', async () => {
  const id = 'f123456789abcdef0123456789abcdef';
  const authorization = `Bearer ${await gateway.agentToken('reader')}`;
  const headers = { ...mcp, authorization, traceparent: `00-${id}-00f067aa0ba902b7-01` };
  await send(gateway.ports.gateway, { path: '/echo/mcp', headers, body: rpc('tools/call', { name: 'look' }) });
  const [span] = await untilTraced(id, ['auth-server']);
  expect(span?.attributes).toMatchObject({ 'mcp_gateway.tool': 'look', 'mcp_gateway.reason': 'not_permitted' });
});

test.each([
  ['nothing', undefined],
  ['another version', '01-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01'],
  ['no trace', '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
  ['no parent', '00-0123456789abcdef0123456789abcdef-0000000000000000-01'],
  ['garbage', 'x" onload=alert(1)'],
])('A request with %s as traceparent starts a new trace with the id from the log', async (_, sent) => {
  gateway.echo.reset();
  const authorization = `Bearer ${await gateway.agentToken()}`;
  const headers = { ...mcp, authorization, tracestate: 'a=b', ...(sent && { traceparent: sent }) };
  await send(gateway.ports.gateway, { path: '/echo/mcp', headers, body: rpc('tools/call', { name: 'look' }) });
  const seen = gateway.echo.seen[0]?.headers;
  expect(seen?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(seen?.traceparent).toContain(`00-${seen?.['x-request-id']}-`);
  expect(seen?.tracestate).toBeUndefined();
});

test('A valid tracestate is forwarded with its trace, and an invalid one is not', async () => {
  const authorization = `Bearer ${await gateway.agentToken()}`;
  const traceparent = `00-${traceId}-00f067aa0ba902b7-00`;
  for (const [tracestate, passed] of [
    ['vendor=t61rcWkgMzE,other@x=1', 'vendor=t61rcWkgMzE,other@x=1'],
    ['no equals sign', undefined],
  ] as const) {
    gateway.echo.reset();
    const headers = { ...mcp, authorization, traceparent, tracestate };
    await send(gateway.ports.gateway, { path: '/echo/mcp', headers, body: rpc('tools/call', { name: 'look' }) });
    expect(gateway.echo.seen[0]?.headers).toMatchObject({ traceparent });
    expect(gateway.echo.seen[0]?.headers.tracestate).toBe(passed);
  }
});

test('No span contains a token, a cookie, a query, a person or an argument', async () => {
  const token = await gateway.agentToken();
  const cookie = await gateway.sessionCookie('alice');
  const sent = { ...mcp, authorization: `Bearer ${token}` };
  const body = rpc('tools/call', { name: 'look', arguments: { word: 'veryprivateargument' } });
  await send(gateway.ports.gateway, { path: `/echo/mcp?${query}`, headers: sent, body });
  await send(gateway.ports.gateway, { method: 'GET', path: `/api/me?${query}`, headers: { cookie } });
  await send(gateway.ports.gateway, { method: 'GET', path: `/oauth2/callback/cognito?${query}&state=x` });
  await sleep(1_000);
  expect(spans.length).toBeGreaterThan(10);
  for (const secret of [
    token,
    token.slice(-40),
    cookie.slice(20),
    'quitesecretcode',
    'alice',
    'veryprivateargument',
    'eyJ',
  ])
    expect([secret, received.includes(secret)]).toEqual([secret, false]);
});

test('Without the optional libraries a service logs that it sends no traces, and runs', async () => {
  const [port = 0] = await freePorts(1);
  const hook = `import { registerHooks } from 'node:module'; registerHooks({ resolve(name, context, next) {
    if (name.startsWith('@opentelemetry/')) throw new Error('Cannot find package'); return next(name, context); } });`;
  const words = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, 'servers/currenttime/main.ts'];
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', CURRENTTIME_PORT: String(port) };
  const child = spawn('node_modules/.bin/node', words, { env });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    expect(await until(() => said.includes('listening'))).toBe(true);
    expect(said).toContain('no traces: OpenTelemetry cannot be loaded');
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
