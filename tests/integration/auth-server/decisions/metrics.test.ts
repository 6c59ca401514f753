import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { JWTPayload } from 'jose';
import { createMetrics } from '../../../../auth-server/decisions/metrics.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import { readOriginalRequest } from '../../../../auth-server/request/original-request.ts';
import {
  type AuthServer,
  agentClaims,
  gate,
  keys,
  personClaims,
  registryPage,
  startAuthServer,
  toolCall,
} from '../../../support/auth-server/auth-fixture.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

let cognito: RunningCognito;
let auth: AuthServer;
beforeEach(async () => {
  cognito = await startCognito({ keys });
  auth = await startAuthServer(cognito.url);
});
afterEach(async () => {
  await auth.close();
  await cognito.close();
});

/** The lines of one metric, as Prometheus reads them. */
const linesOf = async (name: string, { metrics } = auth) =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(`mcp_gateway_${name}`));
const decision = (verdict: string, reason: string, server: string, count: number) =>
  `mcp_gateway_decisions_total{verdict="${verdict}",reason="${reason}",server="${server}"} ${count}`;

describe('the decisions', () => {
  test('are counted by verdict, reason and server, and timed by verdict', async () => {
    const Cookie = await auth.session();
    for (let i = 0; i < 3; i++) await auth.validate({ Cookie });
    await auth.validate({ Cookie: await auth.session({ groups: ['mcp-registry-user'] }) }, toolCall('t'));
    await auth.validate({ ...registryPage, Cookie }, '');
    await auth.validate({ Cookie, 'X-Mcp-Server': 'invented', 'X-Mcp-Routed': null });
    await auth.validate({ ...registryPage }, '');
    await auth.validate({ 'X-Resource': null });
    expect((await linesOf('decisions_total')).sort()).toEqual(
      [
        decision('allow', '', 'currenttime', 3),
        decision('deny', 'not_permitted', 'currenttime', 1),
        decision('allow', '', 'registry', 1),
        decision('deny', 'server_not_found', '', 1),
        decision('deny', 'credentials_missing', '', 1),
        decision('deny', 'gate_misconfigured', '', 1),
      ].sort(),
    );
    const times = await linesOf('decision_seconds');
    expect(times).toContain('mcp_gateway_decision_seconds_count{verdict="allow"} 4');
    expect(times).toContain('mcp_gateway_decision_seconds_bucket{le="2",verdict="allow"} 4');
    expect(times).toContain('mcp_gateway_decision_seconds_count{verdict="deny"} 4');
    const sum = times.find((line) => line.startsWith('mcp_gateway_decision_seconds_sum{verdict="allow"}'));
    expect(Number(sum?.split(' ')[1])).toBeGreaterThan(0.0001);
    expect(Number(sum?.split(' ')[1])).toBeLessThan(4);
  });

  test('of one auth-server do not appear in the metrics of another in the same process', async () => {
    await auth.validate({});
    const other = await startAuthServer(cognito.url);
    expect(await linesOf('decisions_total', other)).toEqual([]);
    await other.close();
  });

  test.each([
    ['an anonymous caller, even when the gate marks them as routed', false, '1', 'credentials_missing'],
    ['an authenticated caller', true, undefined, 'server_not_found'],
  ])('get no new label when 10,000 servers are invented by %s', async (_who, known, routed, reason) => {
    const { 'X-Mcp-Routed': _, 'X-Mcp-Server': __, 'Content-Type': ___, ...rest } = gate;
    const headers = {
      ...rest,
      'X-Original-Method': 'GET',
      ...(routed && { 'X-Mcp-Routed': routed }),
      ...(known && { Cookie: await auth.session() }),
    };
    await pipeline(auth.url, 10_000, (i) => ({ ...headers, 'X-Mcp-Server': `invented-${i}` }));
    expect(await linesOf('decisions_total')).toEqual([decision('deny', reason, '', 10_000)]);
    expect(await linesOf('decision_seconds_count')).toEqual([
      'mcp_gateway_decision_seconds_count{verdict="allow"} 0',
      'mcp_gateway_decision_seconds_count{verdict="deny"} 10000',
    ]);
  });

  test('have labels for 1,000 routed servers and one for all others, so that a scrape stays small', async () => {
    const metrics = createMetrics({
      version: () => 'v',
      faults: () => [],
      history: () => ({ loadedAt: 0, reloads: 0, failed: 0 }),
    });
    const principal = { kind: 'person' } as Principal;
    for (let i = 0; i < 1_500; i++) {
      const request = readOriginalRequest({ ...lowerCased(gate), 'x-mcp-server': `server-${i}` });
      metrics.decided({ started: 0, policy: 'v', request, principal }, 0.001);
    }
    const lines = await linesOf('decisions_total', { ...auth, metrics });
    expect(lines).toHaveLength(1_001);
    expect(lines).toContain(decision('allow', '', 'server-999', 1));
    expect(lines).toContain(decision('allow', '', '(other)', 500));
  });
});

test('Lookups of sessions and assertions are counted as hits and misses', async () => {
  const Cookie = await auth.session();
  for (let i = 0; i < 3; i++) await auth.validate({ Cookie });
  await auth.validate({ Cookie: await auth.session({ record: false }) });
  const look = (cache: string, result: string, count: number) =>
    `mcp_gateway_cache_requests_total{cache="${cache}",result="${result}"} ${count}`;
  expect((await linesOf('cache_requests_total')).sort()).toEqual([
    // A list goes through the relay, whose ticket is signed and remembered as the assertion is.
    look('assertion', 'hit', 4),
    look('assertion', 'miss', 2),
    look('session', 'hit', 2),
    look('session', 'miss', 2),
  ]);
});

test("The age of the pool's keys is absent until the first fetch, and then counts from the last successful fetch", async () => {
  const ask = async (claims: JWTPayload) =>
    auth.validate({ Authorization: `Bearer ${await cognito.control.mint('access', claims)}` });
  expect(await linesOf('jwks_age_seconds')).toEqual([]);
  cognito.control.failNext('/us-east-1_LocalPool/.well-known/jwks.json', 500);
  expect((await ask(agentClaims())).headers.get('x-deny-code')).toBe('identity_provider_unavailable');
  expect(await linesOf('jwks_age_seconds')).toEqual([]);

  // The library waits ten seconds after a failed fetch; without this, the test would wait too.
  const other = await startAuthServer(cognito.url);
  try {
    const before = performance.now();
    const token = await cognito.control.mint('access', personClaims());
    expect((await other.validate({ Authorization: `Bearer ${token}` })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [line = ''] = await linesOf('jwks_age_seconds', other);
    const age = Number(line.split(' ')[1]);
    expect(age).toBeGreaterThanOrEqual(0.049);
    expect(age).toBeLessThanOrEqual((performance.now() - before) / 1000);
  } finally {
    await other.close();
  }
});

test('The documentation explains every metric of the gateway', async () => {
  const documented = readFileSync('docs/operations/monitoring.md', 'utf8');
  const text = await auth.metrics.text();
  const names = [...text.matchAll(/^# TYPE (mcp_gateway_\w+)/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(7);
  for (const name of names) expect(documented).toContain(`| \`${name}\` |`);
});

test('The metrics of the process are on the same port', async () => {
  const text = await auth.metrics.text();
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  expect(text).toMatch(/^nodejs_heap_size_used_bytes \d/m);
});

/** Sends many requests over one connection without waiting for each answer. Returns when all are answered. */
async function pipeline(url: string, count: number, headersOf: (i: number) => object): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  const question = (i: number) =>
    `GET /validate HTTP/1.1\r\nHost: x\r\n${Object.entries(headersOf(i))
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`;
  let answered = 0;
  const done = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    let rest = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\r\n\r\n');
      rest = parts.pop() ?? '';
      answered += parts.length;
      if (answered >= count) resolve();
    });
  });
  for (let i = 0; i < count; i++) socket.write(question(i));
  await done;
  socket.destroy();
}

function lowerCased(headers: object): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
