import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../../common/service/log.ts';
import { ConfigError } from '../../../../common/text/config-error.ts';
import { credentialHeaderFault } from '../../../../common/upstream-secrets/credential-header.ts';
import { parseSecrets } from '../../../../common/upstream-secrets/secrets-file.ts';
import { type UpstreamSecrets, watchUpstreamSecrets } from '../../../../common/upstream-secrets/watch.ts';

const origin = 'https://mcp.example.com';
const secret = 'ghp_S3cretS3cretS3cret';
let folder: string;
let path: string;
let lines: string[];
let secrets: UpstreamSecrets | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  path = join(folder, 'secrets.yml');
  lines = [];
});
afterEach(() => {
  secrets?.stop();
  secrets = undefined;
  rmSync(folder, { recursive: true });
});

const write = (file: string, text: string, mode = 0o600) => {
  writeFileSync(`${file}.new`, text, { mode });
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
};
const log = createLog('test', 'debug', { write: (line) => void lines.push(line) });
const watching = async (text: string, env: NodeJS.ProcessEnv = {}, mode = 0o600) => {
  write(path, text, mode);
  secrets = await watchUpstreamSecrets({ path, env, log, intervalMilliseconds: 10 });
  return secrets;
};
const entry = (more: string) => `github: { for: [${origin}], ${more} }`;
const to = (at = origin, server = 'github') => ({ server, origin: at });
const until = async (condition: () => unknown) => {
  for (let tries = 0; tries < 1_500 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  return Boolean(condition());
};

test.each([
  ['a bearer token, which is the default', 'value: abc', 'Authorization', 'Bearer abc'],
  ['a scheme of its own', 'scheme: none, value: "token abc"', 'Authorization', 'token abc'],
  ['a key', 'header: X-API-Key, value: abc', 'X-API-Key', 'abc'],
  ['a key in a header of its own', 'header: X-Goog-Api-Key, value: abc', 'X-Goog-Api-Key', 'abc'],
  ['a cookie', 'header: Cookie, value: "a=b; c=d"', 'Cookie', 'a=b; c=d'],
  ['in another spelling of a usual name', 'header: x-api-key, value: abc', 'X-API-Key', 'abc'],
  ['a key of digits', 'header: X-API-Key, value: 0123', 'X-API-Key', '0123'],
  [
    'a name and a password',
    'scheme: Basic, value: "münchen:pass:word"',
    'Authorization',
    `Basic ${btoa(unescape(encodeURIComponent('münchen:pass:word')))}`,
  ],
])('A secret can be %s', async (_what, more, header, value) => {
  expect((await watching(entry(more))).find('github', to())).toEqual([{ header, value }]);
});

test('A secret can have several headers, each with a source of its own', async () => {
  const headers = '[{ header: DD-API-KEY, value: abc }, { header: DD-APPLICATION-KEY, env: APPLICATION_KEY }]';
  const found = await watching(entry(`headers: ${headers}`), { APPLICATION_KEY: 'def' });
  expect(found.find('github', to())).toEqual([
    { header: 'DD-API-KEY', value: 'abc' },
    { header: 'DD-APPLICATION-KEY', value: 'def' },
  ]);
});

const gate = (file: string) => readFileSync(new URL(`../../../../nginx/gate/${file}`, import.meta.url), 'utf8');
const set = ['upstream-request.conf', 'identity.conf'].flatMap((file) =>
  [...gate(file).matchAll(/^\s*proxy_set_header (\S+) /gm)].map(([, name]) => String(name)),
);

test.each(set)('%s, which nginx sets for every server, cannot hold a secret unless it is made for that', (name) => {
  const fault = credentialHeaderFault(name);
  if (/^(?:authorization|x-api-key)$/i.test(name)) expect(fault).toBeUndefined();
  else expect(fault).toMatch(/sets itself/);
});

test('A secret can come from the environment, or from a file next to this one, without its final line break', async () => {
  write(join(folder, 'token'), `${secret}\n`);
  const text = `one: { for: [${origin}], env: GITHUB_TOKEN }\ntwo: { for: [${origin}], file: token }`;
  const found = await watching(text, { GITHUB_TOKEN: ' fromEnv ' });
  expect(found.find('one', to())?.[0]?.value).toBe('Bearer fromEnv');
  expect(found.find('two', to())?.[0]?.value).toBe(`Bearer ${secret}`);
});

test.each([
  'http://mcp.example.com',
  'https://mcp.example.com:8443',
  'https://evil.example',
  'https://mcp.example.com.evil.example',
  'https://sub.mcp.example.com',
  'https://MCP.example.com',
  // With a Cyrillic "е", as a URL parser writes it.
  new URL('https://mcp.еxample.com').origin,
  '',
])('A secret is not sent to %s, which its entry does not list', async (other) => {
  const found = await watching(entry(`value: ${secret}`));
  expect(found.find('github', to())).toBeDefined();
  expect(found.find('github', to(other))).toBeUndefined();
});

test('Origins are compared as URLs: case, default port and a trailing slash make no difference', async () => {
  const found = await watching(`github: { for: ["https://MCP.example.com:443/"], value: x }`);
  expect(found.find('github', to())).toBeDefined();
});

test('A secret that names servers is sent to those only', async () => {
  const found = await watching(entry(`servers: [github, other], value: ${secret}`));
  expect(found.find('github', to(origin, 'other'))).toBeDefined();
  expect(found.find('github', to(origin, 'mine'))).toBeUndefined();
});

test.each(['nothing', 'toString', '__proto__', 'constructor', ''])('There is no secret called %j', async (name) => {
  expect((await watching(entry('value: x'))).find(name, to())).toBeUndefined();
});

test.each([
  ['is empty', '', 'the file', 'write {} for none'],
  ['is a list', '- a', '', 'secrets by their names'],
  ['is not YAML', `github: { value: ${secret}`, 'line', ''],
  ['has a name twice', `${entry('value: a')}\n${entry('value: b')}`, 'line 2', 'DUPLICATE_KEY'],
  ['has an alias', `a: &a { for: [${origin}], value: x }\nb: *a`, '', 'aliases'],
  ['has a tag', `github: !!js/function ${secret}`, 'line 1', ''],
  ['has an invalid name', `"a;b": { for: [${origin}], value: ${secret} }`, 'entry 1', 'a-z 0-9 _ -'],
  ['has no origin', `github: { value: ${secret} }`, 'github.for', 'list of origins'],
  ['has an empty list of origins', `github: { for: [], value: ${secret} }`, 'github.for', 'empty'],
  [
    'has an origin with a path',
    `github: { for: [${origin}/mcp], value: ${secret} }`,
    'github.for[0]',
    'without a path',
  ],
  ['has an origin with a password', `github: { for: ["https://u:p@x.example"], value: x }`, 'github.for[0]', 'URL'],
  ['has a wildcard for an origin', `github: { for: ["*"], value: x }`, 'github.for[0]', 'URL'],
  ['has no source', entry('header: X-API-Key'), 'github', 'exactly one'],
  ['has two sources', entry(`value: ${secret}, env: A`), 'github', 'exactly one'],
  ['has a header of the gateway', entry(`value: ${secret}, header: x-mcp-assertion`), 'github.header', 'sets itself'],
  [
    'has a header of the connection',
    entry(`value: ${secret}, header: Transfer-Encoding`),
    'github.header',
    'sets itself',
  ],
  ['has a header that nginx would drop', entry(`value: ${secret}, header: X_Key`), 'github.header', 'name of a header'],
  [
    'has a header twice',
    entry(`headers: [{ header: X-A, value: ${secret} }, { header: x-a, value: x }]`),
    'github.headers',
    'repeat',
  ],
  ['has a fault in one header', entry(`headers: [{ header: X-A, env: NOWHERE }]`), 'github.headers.0.env', 'no such'],
  [
    'has a source beside its headers',
    entry(`headers: [{ header: X-A, value: x }], value: ${secret}`),
    'github',
    'has a field',
  ],
  [
    'is too long in all',
    entry(`headers: [{ header: X-A, value: "${'a'.repeat(5_000)}" }, { header: X-B, value: "${'b'.repeat(5_000)}" }]`),
    'github',
    'longer than 8192',
  ],
  ['has another scheme', entry(`value: ${secret}, scheme: Digest`), 'github.scheme', 'Bearer, Basic or none'],
  [
    'has a scheme for X-API-Key',
    entry(`value: ${secret}, header: X-API-Key, scheme: Bearer`),
    'github.scheme',
    'has none',
  ],
  ['has an unknown field', entry(`value: x, ${secret}: y`), 'github', 'none of for, servers'],
  ['has a placeholder', entry('value: <your token>'), 'github.value', 'example value'],
  ['has the scheme twice', entry('value: bearer abc'), 'github.value', 'leave it out'],
  ['has no colon for Basic', entry(`scheme: Basic, value: ${secret}`), 'github.value', 'user:password'],
  ['has a line break in a secret', entry(`value: "${secret}\\r\\nX-Evil: 1"`), 'github.value', 'line break'],
  ['has a character that no header can carry', entry(`value: "${secret}é"`), 'github.value', 'header'],
  ['has a secret that is too long', entry(`value: ${'x'.repeat(9_000)}`), 'github.value', 'longer'],
  ['names a variable that does not exist', entry('env: NOT_THERE'), 'github.env', 'no such environment variable'],
  ['names a file that does not exist', entry('file: not-there'), 'github.file', 'ENOENT'],
])(
  'A service does not start when the file %s; the fault has its place, and repeats nothing of a secret',
  async (_what, text, where, why) => {
    const fault: unknown = await watching(text).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ConfigError);
    const said = String(fault);
    expect(said).toContain(`UPSTREAM_SECRETS_FILE ${path}`);
    if (where !== 'the file') expect(said).toContain(where);
    expect(said).toContain(why);
    expect(said).not.toMatch(/S3cret|é|xxxx/);
    expect(lines.join('')).not.toContain('S3cret');
  },
);

test('A service does not start if the configured file is missing', async () => {
  await expect(watchUpstreamSecrets({ path, env: {}, log })).rejects.toThrow(`${path} cannot be read (ENOENT)`);
});

test('Without a file there are no secrets and no faults', async () => {
  secrets = await watchUpstreamSecrets({ path: undefined, env: {}, log });
  expect([secrets.find('github', to()), secrets.faults()]).toEqual([undefined, []]);
});

test('A changed secret is used at once, a removed one is gone, and listeners are called for changes only', async () => {
  const found = await watching(entry('value: one'));
  let told = 0;
  found.onChange(() => told++);
  write(path, entry('value: two'));
  expect(await until(() => found.find('github', to())?.[0]?.value === 'Bearer two')).toBe(true);
  write(path, `# a comment\n${entry('value: two')}`);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(told).toBe(1);
  write(path, '{}');
  expect(await until(() => !found.find('github', to()))).toBe(true);
  expect(told).toBe(2);
});

test('A file that an entry names is watched too', async () => {
  write(join(folder, 'token'), 'one');
  const found = await watching(entry('file: token'));
  write(join(folder, 'token'), 'two');
  expect(await until(() => found.find('github', to())?.[0]?.value === 'Bearer two')).toBe(true);
});

test.each([
  ['is broken', () => write(path, `github: { value: ${secret}`)],
  ['has a fault', () => write(path, entry(`value: ${secret}, env: X`))],
  ['is emptied', () => write(path, '')],
  ['is deleted', () => rmSync(path)],
])(
  'When the file %s while the gateway runs, the last good secrets stay in force, and the log reports it once',
  async (_what, spoil) => {
    const found = await watching(entry(`value: ${secret}`));
    spoil();
    expect(await until(() => found.faults().length > 0)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(found.find('github', to())?.[0]?.value).toBe(`Bearer ${secret}`);
    expect(lines.filter((line) => line.includes('the last good ones stay in force'))).toHaveLength(1);
    write(path, entry('value: mended'));
    expect(await until(() => found.faults().length === 0)).toBe(true);
    expect(found.find('github', to())?.[0]?.value).toBe('Bearer mended');
    expect(lines.join('')).not.toMatch(/S3cret|mended/);
  },
);

test.each([
  ['600', 0],
  ['640', 0],
  ['644', 1],
])('A file with mode %s causes %d warnings, even if it is read several times', async (mode, count) => {
  await watching(entry('value: x'), {}, Number.parseInt(mode, 8));
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(lines.filter((line) => line.includes('can be read by every user'))).toHaveLength(count);
});

test('A secret that goes to another machine unencrypted causes a warning', async () => {
  await watching(`a: { for: [http://mcp.example.com, http://127.0.0.1:8000], value: ${secret} }`);
  const told = lines.filter((line) => line.includes('unencrypted'));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain('http://mcp.example.com');
});

test('The file in the documentation is valid', () => {
  const docs = readFileSync(new URL('../../../../docs/upstreams.md', import.meta.url), 'utf8');
  const [, example = ''] = /## When your server wants a credential.*?```yaml\n(.*?)```/s.exec(docs) ?? [];
  const all = parseSecrets(example).secrets.flatMap(({ name, headers }) =>
    headers.map((each) => [name, each.header, each.scheme]),
  );
  expect(all).toEqual([
    ['github', 'Authorization', 'Bearer'],
    ['stocks', 'X-API-Key', 'none'],
    ['wiki', 'Authorization', 'Basic'],
    ['metrics', 'DD-API-KEY', 'none'],
    ['metrics', 'DD-APPLICATION-KEY', 'none'],
  ]);
});

test('All faults of a file are reported at once', () => {
  const read = () => parseSecrets(`a: { value: x }\nb: { for: [${origin}] }`);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(/a\.for.*\n.*b: must have exactly one/);
});
