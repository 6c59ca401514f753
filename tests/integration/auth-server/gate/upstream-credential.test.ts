import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { createLog } from '../../../../common/service/log.ts';
import { type UpstreamSecrets, watchUpstreamSecrets } from '../../../../common/upstream-secrets/watch.ts';
import {
  type AuthServer,
  denialOf,
  registryPage,
  startAuthServer,
  temporaryDirectory,
  toolCall,
} from '../../../support/auth-server/auth-fixture.ts';

const origin = 'https://mcp.example.com';
const home = temporaryDirectory();
const path = join(home.directory, 'secrets.yml');
const file = `
github: { for: [${origin}], value: S3cretToken }
keyed: { for: [${origin}], header: X-API-Key, value: S3cretKey }
bound: { for: [${origin}], servers: [fininfo], value: S3cretOther }
`;
let secrets: UpstreamSecrets;
let auth: AuthServer;
let cookie: string;
beforeAll(async () => {
  writeFileSync(path, file, { mode: 0o600 });
  const log = createLog('test', 'silent');
  secrets = await watchUpstreamSecrets({ path, env: {}, log, intervalMilliseconds: 10 });
  auth = await startAuthServer('http://127.0.0.1:1', { upstreamSecrets: secrets });
  cookie = await auth.session();
});
afterAll(async () => {
  secrets.stop();
  await auth.close();
  home.remove();
});

const call = toolCall('current_time_by_timezone', 7);
/** The headers that the gate sends for a server whose route names a secret. */
const wanting = (secret: string, upstream: string | null = origin) => ({
  Cookie: cookie,
  'X-Mcp-Secret': secret,
  'X-Mcp-Upstream': upstream,
});
const ask = (headers: Record<string, string | null>, body: object = call) => auth.validate(headers, body);
const credentialOf = ({ headers }: Response) => [
  headers.get('x-upstream-authorization'),
  headers.get('x-upstream-api-key'),
];

test.each([
  ['github', ['Bearer S3cretToken', null]],
  ['keyed', [null, 'S3cretKey']],
])('An allowed request to a server that needs the secret %s gets the credential', async (secret, expected) => {
  const answer = await ask(wanting(secret));
  expect([answer.status, credentialOf(answer)]).toEqual([200, expected]);
});

test('A server that needs no credential gets none, from any origin', async () => {
  const answer = await ask({ Cookie: cookie, 'X-Mcp-Upstream': origin });
  expect([answer.status, credentialOf(answer)]).toEqual([200, [null, null]]);
});

test.each([
  ['the secret does not exist', 'gitlab', origin],
  ['the secret is for another origin', 'github', 'https://evil.example'],
  ['the secret is for https', 'github', 'http://mcp.example.com'],
  ['the secret is for another port', 'github', `${origin}:8443`],
  ['the secret is for another server', 'bound', origin],
])('When %s, the call fails with 503, and only the log says what is missing', async (_why, secret, upstream) => {
  const before = auth.lines.length;
  const answer = await ask(wanting(secret, upstream));
  expect(credentialOf(answer)).toEqual([null, null]);
  const denial = denialOf(answer);
  expect([denial.http, denial.status, denial.code]).toEqual([403, 503, 'upstream_secret_unavailable']);
  expect(denial.body).toMatchObject({
    id: 7,
    error: { code: -32002, data: { reason: 'upstream_secret_unavailable' } },
  });
  expect(JSON.stringify(denial.body)).not.toMatch(/example|github|gitlab|bound/);
  const said = auth.lines.slice(before).join('');
  expect(said).toContain(`no secret \\"${secret}\\" that the server \\"currenttime\\" may use at ${upstream}`);
  expect(said).toContain('"level":"error"');
});

test.each([
  ['without the origin', wanting.bind(undefined, 'github', null), 'gate_misconfigured'],
  ['with an empty origin', wanting.bind(undefined, 'github', ''), 'gate_misconfigured'],
  ['with an invalid name', wanting.bind(undefined, 'a;b', origin), 'gate_misconfigured'],
])('A gate that names a secret %s gets every request rejected', async (_what, headers, code) => {
  const answer = await ask(headers());
  expect([answer.status, denialOf(answer).code, credentialOf(answer)]).toEqual([403, code, [null, null]]);
});

test.each([
  ['a client without a session', () => ({ ...wanting('github'), Cookie: null }), 'credentials_missing'],
  ['a server that is not routed', () => ({ ...wanting('github'), 'X-Mcp-Routed': null }), 'server_not_found'],
  ['a page of the registry', () => ({ ...registryPage, ...wanting('github') }), undefined],
])('No answer about %s contains a credential', async (_what, headers, code) => {
  const answer = await ask(headers());
  expect([denialOf(answer).code ?? undefined, credentialOf(answer)]).toEqual([code, [null, null]]);
});

test('A caller without permission gets no credential, and does not learn whether there is one', async () => {
  const groupless = await auth.session({ sub: 'n', username: 'nina', groups: [] });
  const [there, missing] = await Promise.all(
    ['github', 'gitlab'].map((secret) => ask({ ...wanting(secret), Cookie: groupless })),
  );
  expect(there && [denialOf(there).code, credentialOf(there)]).toEqual(['not_permitted', [null, null]]);
  expect(there && denialOf(there).body).toEqual(missing && denialOf(missing).body);
});

test("The relay's ticket names the origin that the credential is for, and contains no part of the credential", async () => {
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
  const ticket = async (headers: Record<string, string | null>) =>
    decodeJwt((await ask(headers, initialize)).headers.get('x-relay') ?? '');
  const claims = await ticket(wanting('github'));
  expect(claims.credentialFor).toBe(origin);
  expect(JSON.stringify(claims)).not.toContain('S3cret');
  expect(await ticket({ Cookie: cookie, 'X-Mcp-Upstream': origin })).not.toHaveProperty('credentialFor');
});

test('A changed secret applies to the next request, and a removed one to no further request', async () => {
  const value = async () => credentialOf(await ask(wanting('github')))[0];
  const becomes = async (expected: string | null) => {
    for (let tries = 0; tries < 1_000 && (await value()) !== expected; tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return await value();
  };
  writeFileSync(path, file.replace('S3cretToken', 'S3cretRotated'));
  expect(await becomes('Bearer S3cretRotated')).toBe('Bearer S3cretRotated');
  rmSync(path);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await value()).toBe('Bearer S3cretRotated');
  writeFileSync(path, '{}');
  expect(await becomes(null)).toBeNull();
  writeFileSync(path, file);
  expect(await becomes('Bearer S3cretToken')).toBe('Bearer S3cretToken');
});

test('No log line contains any part of a secret', () => {
  expect(auth.lines.length).toBeGreaterThan(10);
  expect(auth.lines.join('')).not.toContain('S3cret');
});
