import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../../../../auth-server/process/config.ts';
import { readConfig } from '../../../../common/settings/config.ts';
import { attempt, ConfigError } from '../../../../common/text/config-error.ts';
import { temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { bareEnvironment } from '../../../support/process.ts';

const good = {
  SECRET_KEY: 'f3b1c2d4e5f60718293a4b5c6d7e8f90',
  COGNITO_USER_POOL_ID: 'us-east-1_ABC123DEF',
  COGNITO_CLIENT_ID: '1webclient0000000000000000',
};
const read = (env: Record<string, string>) => readConfig(configSchema, env);

const faultsOf = (change: Record<string, string>) => attempt(() => read({ ...good, ...change })).faults;

describe('the settings of the auth-server', () => {
  test('are complete with three variables, and listen on loopback', () => {
    expect(read(good)).toMatchObject({
      AUTH_SERVER_HOST: '127.0.0.1',
      AUTH_SERVER_PORT: 8888,
      REGISTRY_URL: 'http://localhost:8080',
      SECRET_KEY: [good.SECRET_KEY],
      SESSION_HOURS: 8,
      ASSERTION_KEY_DAYS: 30,
      ALLOWED_ORIGINS: [],
    });
  });

  test('accept lists with spaces and empty items, and an empty variable as unset', () => {
    const config = read({
      ...good,
      SECRET_KEY: `${good.SECRET_KEY}, ${good.SECRET_KEY}2,`,
      ALLOWED_ORIGINS: 'https://a.example, http://localhost:6274/',
      COGNITO_CLIENT_SECRET: '  ',
      AUTH_SERVER_PORT: '',
    });
    expect(config.SECRET_KEY).toEqual([good.SECRET_KEY, `${good.SECRET_KEY}2`]);
    expect(config.ALLOWED_ORIGINS).toEqual(['https://a.example', 'http://localhost:6274']);
    expect(config.COGNITO_CLIENT_SECRET).toBeUndefined();
    expect(config.AUTH_SERVER_PORT).toBe(8888);
  });

  test('name no region of a pool whose id is wrong', () => {
    const faults = faultsOf({ COGNITO_USER_POOL_ID: 'us-east-1-ABC', AWS_REGION: 'us-east-1' });
    expect(faults.join()).toContain('COGNITO_USER_POOL_ID');
    expect(faults.join()).not.toContain('AWS_REGION');
  });

  test.each([
    ['SECRET_KEY', 'short', /at least 32 characters/],
    ['SECRET_KEY', '', /./],
    ['SECRET_KEY', ',', /at least 32 characters/],
    ['SECRET_KEY', `${good.SECRET_KEY},short`, /at least 32 characters/],
    ['SECRET_KEY', 'your-secret-key-here-your-secret-key', /example value/],
    ['SECRET_KEY', 'change-me-change-me-change-me-change-me', /example value/],
    ['SECRET_KEY', 'x'.repeat(32), /easy to guess.*npm run -s secret-key/],
    ['SECRET_KEY', `${good.SECRET_KEY},${'ab'.repeat(40)}`, /easy to guess/],
    ['COGNITO_USER_POOL_ID', '', /./],
    ['COGNITO_USER_POOL_ID', 'ABC123', /must look like us-east-1_ABC123DEF/],
    ['COGNITO_USER_POOL_ID', 'us-east-1_x/../../evil', /must look like/],
    ['COGNITO_USER_POOL_ID', '@evil.example/x?_A', /must look like/],
    ['COGNITO_CLIENT_ID', '', /./],
    ['AWS_REGION', 'eu-west-1', /is eu-west-1, but the user pool is in us-east-1/],
    ['REGISTRY_URL', 'localhost:8080', /must be an http or https URL/],
    ['REGISTRY_URL', 'http://localhost:8080/registry', /must be an http or https URL/],
    ['REGISTRY_URL', 'http://user:pw@localhost:8080', /must be an http or https URL/],
    ['REGISTRY_URL', 'ftp://localhost', /must be an http or https URL/],
    ['REGISTRY_URL', 'http://localhost:7860', /points past the gate/],
    ['REGISTRY_URL', 'http://localhost:8888', /points past the gate/],
    ['ALLOWED_ORIGINS', 'https://a.example,*', /must be an http or https URL/],
    ['AUTH_SERVER_PORT', '0', /./],
    ['AUTH_SERVER_PORT', 'http', /must be a port number/],
    ['SESSION_HOURS', '-1', /./],
    ['SESSION_HOURS', '1000', /./],
    ['MAX_BODY_BYTES', '10', /./],
    ['ASSERTION_KEY_DAYS', '0.5', /at least 1$/],
    ['ASSERTION_KEY_DAYS', '366', /at most 365$/],
    ['ASSERTION_KEY_DAYS', 'never', /number/],
  ])('with %s=%j are rejected, and the error names the variable', (name, value, why) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringMatching(why)]);
    expect(faultsOf({ [name]: value })[0]).toMatch(new RegExp(`^${name}(\\.\\d+)?: `));
  });

  test.each(['https://gateway.example', 'http://10.0.0.5:8080', 'http://localhost.evil.example'])(
    'do not trust the local stand-in when the gateway is at %s',
    (url) => {
      const faults = faultsOf({ COGNITO_USER_POOL_ID: 'us-east-1_LocalPool', REGISTRY_URL: url });
      expect(faults).toEqual([expect.stringMatching(/^COGNITO_USER_POOL_ID: .*stand-in/)]);
    },
  );

  test('trust the local stand-in on localhost', () => {
    expect(faultsOf({ COGNITO_USER_POOL_ID: 'us-east-1_LocalPool', REGISTRY_URL: 'http://localhost' })).toEqual([]);
  });

  test('report all faults at once, and never the value of a secret', () => {
    const secrets = { SECRET_KEY: 'my-tiny-secret', COGNITO_CLIENT_SECRET: 'websecret-websecret' };
    const env = { ...secrets, COGNITO_USER_POOL_ID: 'x', REGISTRY_URL: 'y', AUTH_SERVER_PORT: 'z' };
    const error = (() => {
      try {
        return read(env);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ConfigError);
    const { faults, message } = error as ConfigError;
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
      'AUTH_SERVER_PORT',
      'COGNITO_CLIENT_ID',
      'COGNITO_USER_POOL_ID',
      'REGISTRY_URL',
      'SECRET_KEY',
    ]);
    for (const secret of Object.values(secrets)) expect(message).not.toContain(secret);
  });
});

describe('an auth-server that cannot decide does not start', () => {
  const { directory, remove } = temporaryDirectory();
  afterAll(remove);

  /** Runs main.ts with only these settings, until it exits. */
  async function start(env: Record<string, string>) {
    const child = spawn(process.execPath, ['auth-server/main.ts'], {
      env: { ...bareEnvironment(), DATA_DIR: directory, ...env },
    });
    const text: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => void text.push(String(chunk)));
    const [code] = await once(child, 'close');
    return { code, text: text.join('') };
  }

  test.each([
    ['is empty', '', /the file is empty/],
    ['has a typing error', 'group_mappings: {}\ns:\n  - {server: a, metods: [x]}\n', /line 3: s\[0\]/],
    ['is not there', undefined, /cannot be read \(ENOENT\)/],
  ])('when the policy file %s (J11, p5)', async (_what, policy, why) => {
    const file = join(directory, 'policy.yml');
    if (policy !== undefined) writeFileSync(file, policy);
    const SCOPES_FILE = policy === undefined ? join(directory, 'nothing.yml') : file;
    const { code, text } = await start({ ...good, SCOPES_FILE });
    expect(code).toBe(1);
    expect(text).toMatch(why);
    expect(text).not.toContain(good.SECRET_KEY);
  });

  test('when its settings are missing (J15)', async () => {
    const { code, text } = await start({});
    expect(code).toBe(1);
    for (const name of Object.keys(good)) expect(text).toContain(name);
  });
});
