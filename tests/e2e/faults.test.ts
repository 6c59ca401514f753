import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf } from '../faults/load.ts';
import { type Stage, startStage } from '../faults/stage.ts';
import { signInForClient } from '../support/gateway/consent.ts';
import { newFlow } from '../support/gateway/oauth-flow.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { newBrowser } from '../support/stand-in/hosted-login.ts';

// A quick selection. tests/faults has all faults, takes minutes and writes the table of docs/operations/failures.md.
const folder = mkdtempSync(join(tmpdir(), 'faults-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
const shipped = readFileSync('scopes.yml', 'utf8');
let stage: Stage;
beforeAll(async () => {
  replacePolicy(shipped);
  stage = await startStage({ SCOPES_FILE, AUTH_FAILURES_PER_ADDRESS: '300', TRUSTED_PROXIES: '127.0.0.1' });
}, 180_000);
afterAll(async () => {
  await stage?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function replacePolicy(text: string): void {
  writeFileSync(`${SCOPES_FILE}.new`, text);
  renameSync(`${SCOPES_FILE}.new`, SCOPES_FILE);
}

/** Seconds until a machine that is busy with other tests has recovered. How fast it is: tests/faults. */
const patience = 60;
const unanswered = ['503 authorization_unavailable', '503 decision_too_slow', '503 unavailable'];

test('While the auth-server is killed and started again, no unauthorized request is allowed, and the gateway recovers', async () => {
  await stage.endure({
    what: 'kill',
    begin: () => stage.gateway.kill('auth-server'),
    lasts: 500,
    end: () => stage.gateway.revive('auth-server'),
    refusals: unanswered,
    mayLose: ['lines of the decision log'],
    within: patience,
  });
}, 180_000);

test('A question that waits for its answer, and a code, are still there after kill -9 of the auth-server', async () => {
  const { gateway } = stage;
  const flow = await newFlow(gateway.url);
  const code = await flow.code();
  const browser = newBrowser();
  const question = await signInForClient(gateway.url, browser, flow.address(), 'alice');
  await gateway.kill('auth-server');
  await gateway.revive('auth-server');
  expect((await flow.exchange(code)).status).toBe(200);
  const answer = await browser.post(question, { answer: 'allow' }, { origin: gateway.url });
  const given = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
  expect((await flow.exchange(given)).status).toBe(200);
}, 180_000);

test('While the auth-server hangs, no unauthorized request is allowed, and the gateway recovers', async () => {
  const pid = stage.gateway.supervisor.pid('auth-server') ?? 0;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const signal = (name: NodeJS.Signals) => {
    for (const each of [pid, ...children]) process.kill(each, name);
  };
  await stage.endure({
    what: 'hang',
    begin: () => signal('SIGSTOP'),
    lasts: 2_500,
    end: () => signal('SIGCONT'),
    refusals: unanswered,
    within: patience,
  });
}, 180_000);

test('While the policy file is broken, the last good policy stays in force', async () => {
  await stage.endure({
    what: 'policy',
    begin: () => replacePolicy('}{'),
    lasts: 1_200,
    end: () => replacePolicy(shipped),
    refusals: [],
    within: patience,
  });
}, 180_000);

test('An address that floods the gateway with different bad tokens is throttled, and all others are served', async () => {
  const { ports } = stage.gateway;
  const stranger = { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.66' };
  const call = (headers: Record<string, string>) =>
    send(ports.gateway, { path: '/echo/mcp', headers, body: rpc('tools/call', { name: 'look' }) }).then(nameOf);
  const got = new Map<string, number>();
  let flooding = true;
  const flood = async (lane: number) => {
    for (let i = 0; flooding; i++) {
      const answer = await call({ ...stranger, authorization: `Bearer forged.${lane}.${'x'.repeat(50)}${i}` });
      got.set(answer, (got.get(answer) ?? 0) + 1);
    }
  };
  const floods: Promise<void>[] = [];
  await stage.endure({
    what: 'flood',
    begin: async () => {
      for (let lane = 0; lane < 8; lane++) floods.push(flood(lane));
      while (!got.has('429 too_many_requests')) await sleep(20);
    },
    lasts: 2_000,
    end: async () => {
      // A token that is known to be good is allowed from that address too.
      expect(await call({ ...stage.callers.agent, ...stranger })).toBe('200');
      flooding = false;
      await Promise.all(floods);
    },
    refusals: [],
    within: patience,
  });
  expect([...got.keys()].sort()).toEqual(['401 token_invalid', '429 too_many_requests']);
}, 180_000);
