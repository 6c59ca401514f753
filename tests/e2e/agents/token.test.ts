import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { jest } from '@jest/globals';
import type { Seed } from '../../../stand-in/pool/seed.ts';
import { type Desk, newDesk } from '../../support/agents/agents-fixture.ts';
import { AGENT, keys, READER, secretOf, seed } from '../../support/stand-in/cognito-fixture.ts';
import { type RunningCognito, startCognito } from '../../support/stand-in/start.ts';

jest.setTimeout(30_000);

let cognito: RunningCognito;
let desk: Desk;
const start = async (change: Partial<Seed> = {}) => {
  cognito = await startCognito({ seed: { ...seed, ...change }, keys });
  desk = newDesk({ COGNITO_LOCAL_ENDPOINT: cognito.url });
};
beforeEach(() => start());
afterEach(async () => {
  desk.remove();
  await cognito.close();
});

const asked = () => cognito.control.counts.get('POST /oauth2/token') ?? 0;
const folder = () => join(desk.home, '.mcp', 'tokens');
const files = () => readdirSync(folder());
const keptFile = () => join(folder(), files()[0] ?? '');
const token = async (words: string[] = [], env: NodeJS.ProcessEnv = {}) =>
  (await desk.run(['token', ...words], env)).out;
const reader = { COGNITO_CLIENT_ID: READER, COGNITO_CLIENT_SECRET: secretOf(READER) };

test('stdout holds only the token, and stderr nothing', async () => {
  const { code, out, err } = await desk.run(['token']);
  expect([code, out, err]).toEqual([0, expect.stringMatching(/^eyJ[\w.-]+\n$/), '']);
});

test('A token is requested once and cached in a private file', async () => {
  const first = await token();
  expect(await token()).toBe(first);
  expect(asked()).toBe(1);
  expect([statSync(keptFile()).mode & 0o777, statSync(folder()).mode & 0o777]).toEqual([0o600, 0o700]);
});

test('Of six concurrent commands one requests a token, and all use it', async () => {
  const ends = await Promise.all(Array.from({ length: 6 }, () => desk.spawn(['token']).ended));
  const tokens = ends.map(({ out }) => out);
  expect(new Set(tokens).size).toBe(1);
  expect(tokens[0]).toMatch(/^eyJ/);
  expect(asked()).toBe(1);
  expect(files().filter((name) => !name.endsWith('.json'))).toEqual([]);
});

test('The cache returns a token for 80 % of its lifetime', async () => {
  const first = await token();
  const kept = JSON.parse(readFileSync(keptFile(), 'utf8')) as { usableUntil: number; expiresAt: number };
  const begun = kept.expiresAt - 3600;
  expect(kept.usableUntil - begun).toBeCloseTo(2880, 0);
  writeFileSync(keptFile(), JSON.stringify({ ...kept, token: first.trim(), usableUntil: Date.now() / 1000 - 1 }));
  expect(await token()).not.toBe(first);
  expect(asked()).toBe(2);
});

test('A wrong secret is refused although a token of the right one is cached', async () => {
  await token();
  const { code, out, err } = await desk.run(['token'], { COGNITO_CLIENT_SECRET: 'wrong'.repeat(10) });
  expect([code, out]).toEqual([3, '']);
  expect(err).toContain('invalid_client');
  expect(readFileSync(keptFile(), 'utf8')).not.toContain(secretOf(AGENT));
});

test('A token of a stand-in that had other keys is not used: a second checkout, or one whose data were removed', async () => {
  const first = await token();
  await cognito.close();
  cognito = await startCognito({ seed, port: Number(new URL(cognito.url).port) });
  const second = await token();
  expect(second).toMatch(/^eyJ/);
  expect(second).not.toBe(first);
  expect(await token()).toBe(second);
});

test('--fresh always requests a new token', async () => {
  const first = await token();
  const second = await token(['--fresh']);
  expect([second === first, asked()]).toEqual([false, 2]);
  expect(await token()).toBe(second);
});

test('Each agent and each set of scopes has its own token, regardless of the order of scopes, and another secret needs another one', async () => {
  const [read, execute] = ['mcp-servers-unrestricted/read', 'mcp-servers-unrestricted/execute'];
  await token([], { COGNITO_SCOPE: `${read} ${execute}` });
  await token([], { COGNITO_SCOPE: `${execute}  ${read}` });
  await token([], { COGNITO_SCOPE: read });
  await token([], reader);
  expect([files().length, asked()]).toEqual([3, 3]);
  await token([], { ...reader, COGNITO_CLIENT_SECRET: 'another' });
  expect(asked()).toBe(4);
  const everything =
    files().join() +
    files()
      .map((name) => readFileSync(join(folder(), name), 'utf8'))
      .join();
  expect(everything).not.toContain('secret');
});

test.each(['{', '{"token":1}', ''])('An invalid cache file (%j) is replaced', async (broken) => {
  await token();
  writeFileSync(keptFile(), broken);
  expect(await token()).toMatch(/^eyJ/);
  expect(asked()).toBe(2);
});

test('A cache file that other users may read or write is not used', async () => {
  await token();
  chmodSync(keptFile(), 0o644);
  await token();
  expect([asked(), statSync(keptFile()).mode & 0o777]).toEqual([2, 0o600]);
});

test('The lock of a killed command is taken over', async () => {
  await token();
  const lock = `${keptFile()}.lock`;
  mkdirSync(lock);
  utimesSync(lock, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
  expect(await token(['--fresh'])).toMatch(/^eyJ/);
  expect(existsSync(lock)).toBe(false);
});

test.each([
  ['basic', true],
  ['post', false],
])('The secret is sent as %s', async (way, inHeader) => {
  const seen: (string | undefined)[] = [];
  const proxy = createServer(async (req, res) => {
    const { method = 'GET', headers, url } = req;
    if (method === 'POST') seen.push(headers.authorization?.slice(0, 6));
    const body = method === 'POST' ? await text(req) : null;
    const { authorization = '', 'content-type': type = '' } = headers;
    const sent = { ...(authorization && { authorization }), ...(type && { 'content-type': type }) };
    const answer = await fetch(cognito.url + url, { method, headers: sent, body });
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as { port: number };
  const got = await token([], { COGNITO_CLIENT_AUTH: way, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${port}` });
  proxy.close();
  proxy.closeAllConnections();
  expect([got, seen]).toEqual([expect.stringMatching(/^eyJ/), [inHeader ? 'Basic ' : undefined]]);
});

test('--json adds the client and the expiry', async () => {
  const { out } = await desk.run(['token', '--json']);
  const { access_token, client_id, expires_at } = JSON.parse(out) as Record<string, string>;
  expect([access_token, client_id]).toEqual([expect.stringMatching(/^eyJ/), AGENT]);
  expect(Date.parse(expires_at ?? '') - Date.now()).toBeGreaterThan(3_500_000);
});

test.each<[string, NodeJS.ProcessEnv, number, string]>([
  [
    'a wrong secret',
    { COGNITO_CLIENT_SECRET: 'wrong-wrong-wrong' },
    3,
    'Cognito refused the app client (invalid_client)',
  ],
  [
    'a scope that the app client lacks',
    { ...reader, COGNITO_SCOPE: 'mcp-servers-unrestricted/execute' },
    3,
    'The app client lacks these scopes',
  ],
  ['no way to the user pool', { COGNITO_LOCAL_ENDPOINT: 'http://127.0.0.1:1' }, 5, 'Cognito cannot be reached'],
  ['no secret at all', { COGNITO_CLIENT_SECRET: '<secret>' }, 2, 'COGNITO_CLIENT_SECRET'],
])('%s is reported with its exit code and without the secret', async (_what, env, code, says) => {
  const ended = await desk.run(['token', '--debug'], env);
  expect([ended.code, ended.out, ended.err]).toEqual([code, '', expect.stringContaining(says)]);
  expect(ended.err).not.toMatch(/wrong-wrong|readersecret|agentsecret/);
  expect(existsSync(folder()) ? files() : []).toEqual([]);
});

test('An agent that requests tokens too often gets a warning that each is billed', async () => {
  mkdirSync(join(desk.home, '.mcp'), { mode: 0o700 });
  const times = Array(20).fill(Date.now() / 1000 - 60);
  writeFileSync(join(desk.home, '.mcp', 'token-times.json'), JSON.stringify({ [AGENT]: times }));
  const { out, err } = await desk.run(['token', '--fresh']);
  expect(out).toMatch(/^eyJ/);
  expect(err).toContain('and Cognito bills each: keep one until it expires');
});
