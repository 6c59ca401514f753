import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send, verdictOf } from '../support/gateway/send.ts';
import { answerSoon } from '../support/listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'policy-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
const shipped = readFileSync('scopes.yml', 'utf8');
let gateway: Gateway;
beforeAll(async () => {
  replacePolicy(shipped);
  gateway = await startGateway({ SCOPES_FILE });
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  rmSync(folder, { recursive: true });
});

function replacePolicy(text: string): void {
  writeFileSync(`${SCOPES_FILE}.new`, text);
  renameSync(`${SCOPES_FILE}.new`, SCOPES_FILE);
}

const body = rpc('tools/call', { name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } });
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

async function verdictSoon(credential: Record<string, string>, expected: number | string): Promise<number | string> {
  const ask = () =>
    send(gateway.ports.gateway, { path: '/currenttime/mcp', headers: { ...headers, ...credential }, body });
  return await answerSoon(async () => verdictOf(await ask()), expected);
}

test('A right that the policy no longer grants is denied to open sessions and valid tokens, and allowed again when it is restored', async () => {
  const carol = { cookie: await gateway.sessionCookie('carol') };
  const agent = { authorization: `Bearer ${await gateway.agentToken()}` };
  expect([await verdictSoon(carol, 200), await verdictSoon(agent, 200)]).toEqual([200, 200]);
  const without = shipped
    .replace(/( {2}mcp-registry-developer:\n)( {4}- .*\n)+/, '$1    - mcp-registry-developer\n')
    .replace(/^mcp-servers-unrestricted\/execute:\n( {2}.*\n)+/m, '');
  expect(without.length).toBeLessThan(shipped.length - 150);
  replacePolicy(without);
  expect([await verdictSoon(carol, 'not_permitted'), await verdictSoon(agent, 'not_permitted')]).toEqual([
    'not_permitted',
    'not_permitted',
  ]);
  replacePolicy('');
  await sleep(1_200);
  expect([await verdictSoon(carol, 'not_permitted'), await verdictSoon(agent, 'not_permitted')]).toEqual([
    'not_permitted',
    'not_permitted',
  ]);
  replacePolicy(shipped);
  expect([await verdictSoon(carol, 200), await verdictSoon(agent, 200)]).toEqual([200, 200]);
});
