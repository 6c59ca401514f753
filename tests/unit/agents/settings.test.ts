import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parseEnv } from 'node:util';
import type { Context } from '../../../agents/lib/context.ts';
import { poolSettings, readSettings, type SettingsOptions } from '../../../agents/lib/settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const context = (env: NodeJS.ProcessEnv = {}): Context => ({
  env,
  folder,
  home: folder,
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  signal: new AbortController().signal,
});
const read = (options: Partial<SettingsOptions> = {}, env: NodeJS.ProcessEnv = {}) =>
  readSettings(context(env), { mode: 'agent', ...options });
const failureOf = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('The precedence of settings:', () => {
  beforeEach(() => {
    write('.env.agent.example', 'REGISTRY_URL=http://example:1');
  });

  test('the template applies when the user has no settings file', () => {
    expect(read()).toMatchObject({ gateway: 'http://example:1', file: 'agents/.env.agent.example' });
  });

  test('the user’s file overrides the template', () => {
    write('.env.agent', 'REGISTRY_URL=http://own:1');
    expect(read()).toMatchObject({ gateway: 'http://own:1', file: 'agents/.env.agent' });
  });

  test('the .env of the gateway says where it and its stand-in are, unless a file of the user does', () => {
    const agents = join(folder, 'agents');
    mkdirSync(agents);
    writeFileSync(join(folder, '.env'), 'REGISTRY_URL=http://localhost:9080\nCOGNITO_PORT=9600\nSECRET_KEY=x\n');
    writeFileSync(join(agents, '.env.agent.example'), 'REGISTRY_URL=http://localhost:8080');
    const at = (options: Partial<SettingsOptions> = {}, env: NodeJS.ProcessEnv = {}) => {
      const found = readSettings({ ...context(env), folder: agents }, { mode: 'agent', ...options });
      return [found.gateway, found.env.COGNITO_LOCAL_ENDPOINT, found.env.SECRET_KEY];
    };
    expect(at()).toEqual(['http://localhost:9080', 'http://127.0.0.1:9600', undefined]);
    expect(at({}, { REGISTRY_URL: 'http://given:1' })[0]).toBe('http://given:1');
    const envFile = write('other', 'MCP_REGISTRY_URL=http://other:1/mcpgw/sse');
    expect(at({ envFile })[0]).toBe('http://other:1');
    expect(at({ envFile: write('nowhere', 'COGNITO_CLIENT_ID=x') })[0]).toBe('http://localhost:9080');
  });

  test('the file given with --env-file replaces both', () => {
    write('.env.agent', 'REGISTRY_URL=http://own:1\nCOGNITO_CLIENT_ID=own');
    const envFile = write('other', 'REGISTRY_URL=http://other:1');
    const { gateway, env } = read({ envFile });
    expect([gateway, env.COGNITO_CLIENT_ID]).toEqual(['http://other:1', undefined]);
  });

  test('the environment overrides any file, except for a variable that is empty there', () => {
    const envFile = write('other', 'REGISTRY_URL=http://other:1\nCOGNITO_CLIENT_ID=other');
    const { gateway, env } = read({ envFile }, { REGISTRY_URL: 'http://environment:1', COGNITO_CLIENT_ID: ' ' });
    expect([gateway, env.COGNITO_CLIENT_ID]).toEqual(['http://environment:1', 'other']);
  });

  test('--gateway overrides everything', () => {
    expect(read({ gateway: 'http://option:1' }, { REGISTRY_URL: 'http://environment:1' }).gateway).toBe(
      'http://option:1',
    );
  });

  test('a person’s settings file is .env.user', () => {
    write('.env.user', 'REGISTRY_URL=http://user:1');
    expect(read({ mode: 'user' })).toMatchObject({ gateway: 'http://user:1', file: 'agents/.env.user' });
  });
});

describe('The address of the tool finder', () => {
  test.each<[string, string, NodeJS.ProcessEnv, Partial<SettingsOptions>, string, string]>([
    ['follows from the gateway', 'REGISTRY_URL=http://gw:1', {}, {}, 'http://gw:1', 'http://gw:1/mcpgw/sse'],
    [
      'is the one in the file',
      'REGISTRY_URL=http://gw:1\nMCP_REGISTRY_URL=http://gw:1/mcpgw/mcp',
      {},
      {},
      'http://gw:1',
      'http://gw:1/mcpgw/mcp',
    ],
    [
      "also gives the gateway's address, in a file of the Python original",
      'MCP_REGISTRY_URL=http://localhost/mcpgw/sse',
      {},
      {},
      'http://localhost',
      'http://localhost/mcpgw/sse',
    ],
    [
      'is not taken from the file when the environment names another gateway',
      'MCP_REGISTRY_URL=http://old/mcpgw/sse',
      { REGISTRY_URL: 'http://gw:1' },
      {},
      'http://gw:1',
      'http://gw:1/mcpgw/sse',
    ],
    [
      'is not taken from the file when --gateway names another gateway',
      'MCP_REGISTRY_URL=http://old/mcpgw/sse',
      { MCP_REGISTRY_URL: 'http://old2/mcpgw/sse' },
      { gateway: 'http://gw:1' },
      'http://gw:1',
      'http://gw:1/mcpgw/sse',
    ],
  ])('%s', (_what, file, env, options, gateway, registryUrl) => {
    write('.env.agent', file);
    expect(read(options, env)).toMatchObject({ gateway, registryUrl });
  });
});

describe('The message for an invalid setting names the setting and the file, not the value', () => {
  test.each<[string, string]>([
    ['COGNITO_CLIENT_ID', 'your_actual_cognito_client_id_here'],
    ['COGNITO_CLIENT_SECRET', 'your_actual_cognito_client_secret_here'],
    ['COGNITO_USER_POOL_ID', 'your_actual_cognito_user_pool_id_here'],
    ['COGNITO_USER_POOL_ID', 'us-east-1_XXXXXXXXX'],
    ['COGNITO_CLIENT_ID', 'your-confidential-client-id'],
    ['COGNITO_DOMAIN', 'your-custom-domain'],
    ['REGISTRY_URL', 'your_registry_url_here'],
    ['COGNITO_CLIENT_SECRET', '"in quotes"'],
  ])('%s=%s', (name, value) => {
    const good = 'COGNITO_CLIENT_ID=a\nCOGNITO_USER_POOL_ID=us-east-1_Pool\nREGISTRY_URL=http://gw:1\n';
    write('.env.agent', `${good}${name}='${value}'\n`);
    const failure = failureOf(() => poolSettings(read())) as Error & { hints: string[] };
    expect(failure).toMatchObject({ exitCode: 2 });
    expect(failure.message).toContain(`${name}: `);
    expect(failure.hints.join()).toContain('agents/.env.agent');
    expect(failure.message).not.toContain(value);
  });

  test('several at once', () => {
    write('.env.agent', 'REGISTRY_URL=http://gw:1\nCOGNITO_USER_POOL_ID=MyPool');
    const { message } = failureOf(() => poolSettings(read())) as Error;
    expect(message).toMatch(/COGNITO_USER_POOL_ID: must look like us-east-1_ABC123DEF/);
    expect(message).toMatch(/COGNITO_CLIENT_ID: is missing/);
  });

  test('a file that is not there', () => {
    expect(failureOf(() => read({ envFile: '/nowhere/.env' }))).toMatchObject({
      exitCode: 2,
      message: 'The settings file /nowhere/.env does not exist.',
    });
  });

  test('an invalid address of the tool finder', () => {
    write('.env.agent', 'REGISTRY_URL=http://gw:1\nMCP_REGISTRY_URL=mcpgw');
    expect(failureOf(read)).toMatchObject({
      exitCode: 2,
      message: 'MCP_REGISTRY_URL in agents/.env.agent is not a URL.',
    });
  });
});

test('A placeholder in a setting that is not needed causes only a warning', () => {
  write('.env.user', 'REGISTRY_URL=http://gw:1\nSECRET_KEY=your-secret-key-here');
  expect(read({ mode: 'user' }).notices).toEqual([
    "SECRET_KEY in agents/.env.user is still the template's example value and is ignored.",
  ]);
});

test("A region that differs from the user pool's causes a warning", () => {
  write('.env.agent', 'REGISTRY_URL=http://gw:1\nCOGNITO_USER_POOL_ID=us-east-1_Pool\nAWS_REGION=us-west-2');
  expect(read().notices).toEqual([
    'AWS_REGION in agents/.env.agent is us-west-2, but the user pool is in us-east-1, which takes precedence.',
  ]);
});

test('Unknown variables are ignored', () => {
  write('.env.agent', 'REGISTRY_URL=http://gw:1\nANYTHING=your_value\nBEDROCK=1');
  expect(read().notices).toEqual([]);
});

/** Every variable that the original's set-up guide puts into the two files. */
const ofTheGuide = {
  user: [
    'COGNITO_CLIENT_ID',
    'COGNITO_CLIENT_SECRET',
    'COGNITO_USER_POOL_ID',
    'AWS_REGION',
    'COGNITO_DOMAIN',
    'SECRET_KEY',
    'REGISTRY_URL',
  ],
  agent: ['COGNITO_CLIENT_ID', 'COGNITO_CLIENT_SECRET', 'COGNITO_USER_POOL_ID', 'AWS_REGION', 'MCP_REGISTRY_URL'],
};

test.each(['user', 'agent'] as const)(
  'The template .env.%s.example has every variable of the guide and works unchanged',
  (mode) => {
    const text = readFileSync(join('agents', `.env.${mode}.example`), 'utf8');
    for (const name of ofTheGuide[mode]) expect(text).toMatch(new RegExp(`^(# )?${name}=`, 'm'));
    write(`.env.${mode}`, text);
    const settings = read({ mode });
    expect(settings).toMatchObject({ gateway: 'http://localhost:8080', notices: [] });
    // A person's login needs no app client.
    if (mode === 'agent') expect(poolSettings(settings).COGNITO_CLIENT_ID).toBe(parseEnv(text).COGNITO_CLIENT_ID);
  },
);
