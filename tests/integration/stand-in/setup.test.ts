import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../../common/settings/config.ts';
import { attempt } from '../../../common/text/config-error.ts';
import { cognitoConfig } from '../../../stand-in/config.ts';
import { loadKeys } from '../../../stand-in/pool/keys.ts';
import { addGateways, parseSeed, readSeed } from '../../../stand-in/pool/seed.ts';
import { startCognito } from '../../support/stand-in/start.ts';

const SEED = readFileSync('stand-in/seed.yml', 'utf8');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cognito-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const faultsOf = (action: () => unknown) => attempt(action).faults;

/** The seed with one line changed, and the number of that line. */
function changed(from: string, to: string): { text: string; line: number } {
  expect(SEED).toContain(from);
  return { text: SEED.replace(from, to), line: SEED.slice(0, SEED.indexOf(from)).split('\n').length };
}

describe('the seed file', () => {
  test.each<[string, string, string, string]>([
    [
      'a group that is not listed',
      'groups: [mcp-registry-user]',
      'groups: [mcp-registry-usr]',
      'users[1].groups[0]: group "mcp-registry-usr" is not listed under groups',
    ],
    [
      'a scope that is not defined',
      'scopes: [mcp-servers-restricted/read]',
      'scopes: [mcp-servers-restricted/write]',
      'clients[3].scopes[0]: scope "mcp-servers-restricted/write" is not defined by any resource server',
    ],
    ['a misspelt key', 'require_pkce: true', 'requires_pkce: true', 'clients[1]: Unrecognized key: "requires_pkce"'],
    ['a person twice', 'username: carol', 'username: bob', 'users[2].username: "bob" is there twice'],
    [
      'a pool of another region',
      'pool_id: us-east-1_LocalPool',
      'pool_id: eu-west-1_LocalPool',
      'pool_id: must start with the region, us-east-1_',
    ],
    [
      'a pool id that no verifier accepts',
      'pool_id: us-east-1_LocalPool',
      'pool_id: us-east-1_local-pool',
      'pool_id: must look like us-east-1_LocalPool',
    ],
    [
      'a short secret',
      'readersecretreadersecretreadersecretreadersecret000',
      'short',
      'clients[3].secret: must have 20 characters or more',
    ],
    ['an invalid email', 'email: bob@example.com', 'email: bob', 'users[1].email: Invalid email address'],
  ])('with %s is rejected, with the line', (_case, from, to, message) => {
    const { text, line } = changed(from, to);
    const [fault, ...more] = faultsOf(() => parseSeed(text));
    expect(more).toEqual([]);
    expect(fault).toMatch(new RegExp(`^line ${line}: `));
    expect(fault).toContain(message);
  });

  test('with two faults is rejected with both', () => {
    const text = SEED.replace('email: bob@example.com', 'email: bob').replace(
      'email: carol@example.com',
      'email: carol',
    );
    expect(faultsOf(() => parseSeed(text))).toHaveLength(2);
  });

  test.each([
    ['is not YAML', 'region: [us-east-1\n', 'line 2: '],
    ['has a key twice', 'region: us-east-1\nregion: us-east-2\n', 'line 2: Map keys must be unique'],
    ['is empty', '', 'the file is empty'],
  ])('that %s is rejected', (_case, text, start) => {
    expect(faultsOf(() => parseSeed(text))[0]).toMatch(new RegExp(`^${start}`));
  });

  test.each([
    [
      'a machine without secret',
      { flows: ['client_credentials'], secret: undefined },
      'client_credentials needs a secret',
    ],
    ['a sign-in without callback', { callback_urls: [] }, 'code needs callback_urls'],
    ['both flows together', { flows: ['code', 'client_credentials'] }, 'cannot be together'],
  ])('with a client that is %s is rejected', (_case, change, message) => {
    const seed = parseSeed(SEED);
    const text = JSON.stringify({ ...seed, clients: [{ ...seed.clients[0], ...change }] });
    expect(faultsOf(() => parseSeed(text)).join()).toContain(message);
  });

  test('that does not exist is named in the error', () => {
    expect(faultsOf(() => readSeed(join(folder, 'none.yml')))[0]).toMatch(
      /^COGNITO_SEED_FILE .*none\.yml cannot be read/,
    );
  });

  test('gets the callback and sign-out URLs of extra gateways for the web client only', () => {
    const seed = readSeed('stand-in/seed.yml');
    const more = addGateways(seed, ['http://localhost:8181']);
    expect(more.clients[0]?.callback_urls.at(-1)).toBe('http://localhost:8181/oauth2/callback/cognito');
    expect(more.clients[0]?.logout_urls.at(-1)).toBe('http://localhost:8181/login');
    expect(more.clients.slice(1)).toEqual(seed.clients.slice(1));
    const without = { ...seed, clients: seed.clients.slice(1) };
    expect(faultsOf(() => addGateways(without, ['http://localhost:8181']))).toHaveLength(1);
  });
});

describe('the settings', () => {
  test('are a loopback address and port 9500 when nothing is set', () => {
    expect(readConfig(cognitoConfig, {})).toEqual({
      host: '127.0.0.1',
      port: 9500,
      publicUrl: 'http://localhost:9500',
      extraGatewayUrls: [],
      keysFile: undefined,
      seedFile: expect.stringMatching(/stand-in\/seed\.yml$/),
      faults: [],
    });
  });

  test('follow the environment', () => {
    const env = {
      COGNITO_PORT: '9600',
      COGNITO_HOST: '0.0.0.0',
      COGNITO_IN_CONTAINER: 'true',
      COGNITO_EXTRA_GATEWAY_URLS: 'http://localhost:1, http://localhost:2/',
    };
    expect(readConfig(cognitoConfig, env)).toMatchObject({
      host: '0.0.0.0',
      publicUrl: 'http://localhost:9600',
      extraGatewayUrls: ['http://localhost:1', 'http://localhost:2'],
    });
  });

  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['in production', { NODE_ENV: 'production' }, 'NODE_ENV'],
    ['on all addresses', { COGNITO_HOST: '0.0.0.0' }, 'COGNITO_HOST'],
    ['on an address of the network', { COGNITO_HOST: '192.168.1.2', COGNITO_IN_CONTAINER: 'true' }, 'COGNITO_HOST'],
    [
      'with a gateway that is no origin',
      { COGNITO_EXTRA_GATEWAY_URLS: 'http://localhost:1/x' },
      'COGNITO_EXTRA_GATEWAY_URLS',
    ],
  ])('refuse to start %s', (_case, env, variable) => {
    expect(faultsOf(() => readConfig(cognitoConfig, env))).toEqual([expect.stringContaining(variable)]);
  });
});

describe('the key file', () => {
  test('is readable by its owner only and gives the same keys at the next start', async () => {
    const file = join(folder, 'sub', 'keys.json');
    const first = await loadKeys(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = await loadKeys(file);
    expect([second.id.publicJwk, second.access.publicJwk]).toEqual([first.id.publicJwk, first.access.publicJwk]);
    expect(first.id.kid).not.toBe(first.access.kid);
  });

  test('that is broken is rejected and not changed', async () => {
    const file = join(folder, 'keys.json');
    writeFileSync(file, '{"id":{}}');
    chmodSync(file, 0o600);
    await expect(loadKeys(file)).rejects.toThrow(/does not hold two RSA keys: delete it/);
    expect(readFileSync(file, 'utf8')).toBe('{"id":{}}');
  });
});

test.each([
  ['localhost', 200],
  ['127.0.0.1:9500', 200],
  ['[::1]:9500', 200],
  ['cognito:9500', 200],
  ['evil.example', 421],
  ['localhost.evil.example:9500', 421],
])('a request for the host %s is answered with %d', async (host, status) => {
  const pool = await startCognito({ keys: await loadKeys() });
  const answered = await new Promise((resolve, reject) => {
    const { port } = new URL(pool.url);
    request({ host: '127.0.0.1', port, path: '/health', headers: { host } }, (res) => resolve(res.statusCode))
      .once('error', reject)
      .end();
  });
  await pool.close();
  expect(answered).toBe(status);
});
