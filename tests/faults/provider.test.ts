import { fetchAgentToken } from '../../agents/token/token.ts';
import type { Control } from '../../stand-in/control.ts';
import { agents } from '../support/gateway/gateway.ts';
import { type OwnPool, takeOverPool } from '../support/gateway/own-pool.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { nameOf } from './load.ts';
import { type Fault, type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

// After a failed request the auth-server waits three seconds before it asks again: half of this must allow another try.
const maxAgeSeconds = 12;
let stage: Stage;
let pool: Control;
let ownPool: OwnPool;

/** The user pool runs in this process, where the test can make it misbehave. */
beforeAll(async () => {
  stage = await startStage({ GROUPS_MAX_AGE: String(maxAgeSeconds / 60) });
  const { gateway } = stage;
  ownPool = await takeOverPool(gateway);
  pool = ownPool.control;
  // This pool does not know the sessions of the previous one: only sessions opened from now on can be refreshed.
  const before = stage.callers.person.cookie;
  const cookie = await gateway.sessionCookie('alice');
  const headers = [stage.callers.person, ...stage.callers.kinds.map(({ request }) => request.headers ?? {})];
  for (const each of headers) if (each.cookie === before) each.cookie = cookie;
}, 90_000);
afterAll(async () => {
  await stage?.stop();
  await ownPool?.close();
});

const unconfirmed = ['503 groups_unconfirmed', '503 decision_too_slow', '503 unavailable'];

test.each<Fault>([
  {
    what: 'the identity provider is down for a moment',
    begin: () => pool.setFault('down'),
    lasts: 1_500,
    end: () => pool.setFault('down', false),
    refusals: [],
    onlyAgentStreams: true,
    within: 2,
  },
  {
    what: 'the identity provider is down for longer than `GROUPS_MAX_AGE`',
    begin: () => pool.setFault('down'),
    lasts: (maxAgeSeconds + 4) * 1000,
    end: () => pool.setFault('down', false),
    refusals: unconfirmed,
    onlyAgentStreams: true,
    within: 8,
  },
  {
    what: 'the identity provider answers slowly (3 s)',
    begin: () => pool.slow(3),
    lasts: (maxAgeSeconds + 4) * 1000,
    end: () => pool.slow(0),
    refusals: unconfirmed,
    onlyAgentStreams: true,
    within: 8,
  },
  {
    what: 'the identity provider changes its keys, the old ones stay published',
    begin: () => pool.rotate('access'),
    lasts: 3_000,
    refusals: [],
    onlyAgentStreams: true,
    within: 1,
  },
])(
  'While $what, no unauthorized request is allowed, and sessions continue without a new login',
  async (fault) => record(await stage.endure(fault)),
  60_000,
);

test('A token signed by a new key of the provider is accepted as soon as the keys are fetched again, and one signed by a removed key is not', async () => {
  const [COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET] = agents.agent;
  const { ports } = stage.gateway;
  const COGNITO_LOCAL_ENDPOINT = `http://127.0.0.1:${ports.cognito}`;
  const settings = { COGNITO_USER_POOL_ID: 'us-east-1_LocalPool', COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET };
  const call = async (token: string) => {
    const headers = { ...stage.callers.agent, authorization: `Bearer ${token}` };
    return nameOf(await send(ports.gateway, { path: '/echo/mcp', headers, body: rpc('tools/call', { name: 'look' }) }));
  };
  await pool.rotate('access', false);
  const token = await fetchAgentToken({ ...settings, COGNITO_LOCAL_ENDPOINT });
  const began = performance.now();
  while ((await call(token)) !== '200') {
    if (performance.now() - began > 15_000)
      throw new Error(`a token signed by the new key still gets ${await call(token)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const [, payload, signature] = token.split('.');
  expect(await call(`eyJraWQiOiJnb25lIiwiYWxnIjoiUlMyNTYifQ.${payload}.${signature}`)).toBe('401 token_invalid');
}, 60_000);
