import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JSONWebKeySet } from 'jose';
import { readConfig } from '../../../common/settings/config.ts';
import { attempt } from '../../../common/text/config-error.ts';
import { cognitoConfig } from '../../../stand-in/config.ts';
import { applyFaults, readFaults } from '../../../stand-in/faults.ts';
import { freePorts } from '../../support/gateway/gateway.ts';
import { bareEnvironment } from '../../support/process.ts';
import { AGENT, useCognito } from '../../support/stand-in/cognito-fixture.ts';

const cognito = useCognito();
const askForToken = () => cognito.post('/oauth2/token', { grant_type: 'client_credentials' }, AGENT);
const run = (...items: string[]) => applyFaults(cognito.pool.control, readFaults(items).chosen);
const health = async () => (await fetch(`${cognito.pool.url}/health`)).status;

describe('COGNITO_FAULTS', () => {
  test.each([
    ['dwon', '"dwon" is no fault; there are down, no-domain, no-keys, slow, skew, rotate, refuse'],
    ['down:1', 'down takes no number'],
    ['slow:0', 'slow takes a whole number from 1 to 60, as in slow:3'],
    ['slow:', 'slow takes a whole number from 1 to 60, as in slow:3'],
    ['skew:1.5', 'skew takes a whole number from -86400 to 86400, as in skew:-600'],
    ['rotate:fast', 'rotate takes a whole number from 1 to 86400, as in rotate:60'],
  ])('with "%s" is rejected with the valid values', (item, message) => {
    const { faults } = attempt(() => readConfig(cognitoConfig, { COGNITO_FAULTS: `skew,${item}` }));
    expect(faults).toEqual([`COGNITO_FAULTS: ${message}`]);
  });

  test('is parsed into a list, with default amounts', () => {
    expect(readConfig(cognitoConfig, { COGNITO_FAULTS: 'slow, skew:-60,no-keys' }).faults).toEqual([
      { name: 'slow', amount: 3 },
      { name: 'skew', amount: -60 },
      { name: 'no-keys', amount: 0 },
    ]);
  });
});

test('With "down" every connection is closed without an answer, except for /health', async () => {
  run('down');
  await expect(askForToken()).rejects.toThrow();
  expect(await health()).toBe(200);
  cognito.pool.control.setFault('down', false);
  expect((await askForToken()).status).toBe(200);
});

test('With "slow:1" an answer takes a second, and /health none', async () => {
  run('slow:1');
  const began = performance.now();
  expect(await health()).toBe(200);
  const early = performance.now() - began;
  expect((await askForToken()).status).toBe(200);
  expect(performance.now() - began).toBeGreaterThan(990);
  expect(early).toBeLessThan(900);
});

test('With "refuse:2" two token requests fail and the third succeeds', async () => {
  run('refuse:2');
  const statuses = [await askForToken(), await askForToken(), await askForToken()].map(({ status }) => status);
  expect(statuses).toEqual([500, 500, 200]);
});

test('With "no-keys" the key set is empty', async () => {
  run('no-keys');
  expect((await cognito.readJwks()).keys).toEqual([]);
});

const start = (env: NodeJS.ProcessEnv) =>
  spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'stand-in/main.ts'], {
    env: { ...bareEnvironment(), ...env },
  });

test('A stand-in that is started with faults logs them, has a skewed clock, and rotates its keys', async () => {
  const [port = 0] = await freePorts(1);
  const program = start({ COGNITO_PORT: String(port), COGNITO_FAULTS: 'skew:-600,rotate:1' });
  const log = text(program.stdout);
  const ask = (path: string) => fetch(`http://localhost:${port}${path}`);
  const keySet = async () => (await (await ask('/us-east-1_LocalPool/.well-known/jwks.json')).json()) as JSONWebKeySet;
  try {
    while (!(await ask('/health').catch(() => undefined))?.ok) await sleep(50);
    const date = Date.parse((await ask('/health')).headers.get('date') ?? '');
    expect(Math.round((date - Date.now()) / 10_000)).toBe(-60);
    while ((await keySet()).keys.length < 4) await sleep(100);
  } finally {
    program.kill();
    await once(program, 'exit');
  }
  expect(await log).toMatch(/behaves badly on purpose \(COGNITO_FAULTS\)/);
}, 180_000);

test('A stand-in with an unknown fault does not start', async () => {
  const program = start({ COGNITO_PORT: '1', COGNITO_FAULTS: 'slwo' });
  const said = Promise.all([text(program.stdout), text(program.stderr)]);
  const [code] = await once(program, 'exit');
  expect(code).not.toBe(0);
  expect((await said).join('')).toContain('COGNITO_FAULTS: \\"slwo\\" is no fault');
}, 180_000);
