import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { accountKey } from '../../../auth-server/accounts/account-key.ts';
import { createVault, type Vault } from '../../../auth-server/accounts/vault/vault.ts';
import { openStore as openAuthStore } from '../../../auth-server/store/store.ts';
import { policyVersion } from '../../../common/policy/policy-in-force.ts';
import { run } from '../../../operations/servers/rename.ts';
import { definitionOf } from '../../../registry/servers/definition.ts';
import { openRegistryDatabase } from '../../../registry/store/database.ts';
import { renameServer } from '../../../registry/store/rename.ts';
import { openStore, type RegistryStore } from '../../../registry/store/store.ts';
import { now, sessionRecord } from '../../support/auth-server/auth-fixture.ts';
import { until } from '../../support/listen.ts';
import { runCommand } from '../../support/operations/run-command.ts';
import { bothDatabases } from '../../support/postgres/both-databases.ts';

const rules = '# Who\ns:\n- {server: mcp, methods: [ping]} # here\n- {server: "*", methods: [ping]}\n';
const by = { sub: 'a11ce', username: 'alice' };
const other = { server: 'other', tools: null, prefix: null };
const keys = ['8f14e45fceea167a5a36dedd4bea2543f7c1d2b90e6a4c31', 'b1a7c9d3e5f70246813579bdf0aceb24681357908642aced'];
const [here, gone] = keys.map((key) => createVault(() => [key])) as [Vault, Vault];
const keyOf = (subject: string, server: string) => accountKey({ subject, account: 'notes', server });
const settings = (name: string) => ({
  name,
  title: 'A server',
  description: 'x',
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp' },
  ...{ tags: [], version: null, repository: null, license: null, alias: null, icons: [], auth: null },
  ...{ forward_headers: [], host_header: null, health_seconds: null, may: [], members: null, enabled: true },
});

describe.each(bothDatabases('registry.db'))('%s:', (_kind, places) => {
  let env: NodeJS.ProcessEnv;
  let folder: string;
  let where: string;
  let store: RegistryStore;
  let auth: Awaited<ReturnType<typeof openAuthStore>>;
  const policy = () => readFileSync(join(folder, 'scopes.yml'), 'utf8');
  const rename = (words: string[], stdin?: string) =>
    runCommand(run, words, { env, ...(stdin !== undefined && { stdin }) });
  const add = (name: string) =>
    store.change({ name, revision: undefined, next: settings(name), action: 'register', by });

  beforeEach(async () => {
    where = await places.empty();
    const isFile = !where.startsWith('postgres');
    folder = mkdtempSync(join(tmpdir(), 'rename-'));
    writeFileSync(join(folder, 'scopes.yml'), rules);
    const database = isFile ? { DATA_DIR: dirname(where) } : { DATABASE_URL: where };
    env = { ...database, SCOPES_FILE: join(folder, 'scopes.yml'), REGISTRY_URL: 'http://127.0.0.1:1' };
    store = await openStore(where);
    auth = await openAuthStore(isFile ? dirname(where) : where);
    // As an earlier version has registered, checked and approved it.
    await add('mcp');
    const members = [{ server: 'mcp', tools: ['add'], prefix: null }, other];
    const team = { ...settings('team'), members };
    await store.change({ name: 'team', revision: undefined, next: team, action: 'register', by });
    const tool = definitionOf({ name: 'add', description: 'Adds' });
    const note = { action: 'approve', by, fields: {} } as const;
    await store.definitions.change('mcp', new Date(), () => ({ firstSeenAt: new Date(), approve: [tool], note }));
    await auth.bindings.bind({ kind: 'session', server: 'mcp', id: 'one', owner: 'person:a' });
    for (const server of ['mcp', 'my-mcp', 'a-mcp']) {
      const resource = `https://gateway.example/${server}/mcp`;
      await auth.sessions.add(sessionRecord({ sid: server, kind: 'client', resource }));
    }
    await auth.sessions.add(sessionRecord({ sid: 'browser' }));
    await auth.bindings.bind({ kind: 'session', server: 'other', id: 'two', owner: 'person:a' });
  });
  afterEach(async () => {
    await Promise.all([store.close(), auth.close()]);
    rmSync(folder, { recursive: true });
  });

  const expectRenamed = async () => {
    await until(() => store.get('my-mcp') !== undefined);
    expect(store.list().map(({ name }) => name)).toEqual(['my-mcp', 'team']);
    // A set keeps what it offers.
    const [change] = await store.changes({ servers: ['team'], limit: 1 });
    expect(change).toMatchObject({ action: 'rename', fields: { members: { to: [{ server: 'my-mcp' }, other] } } });
    expect(store.get('team')).toMatchObject({
      members: [{ server: 'my-mcp', tools: ['add'], prefix: null }, other],
      revision: change?.id,
    });
    expect([...(await store.definitions.of('my-mcp')).approved.keys()]).toEqual(['add']);
    expect((await store.definitions.of('mcp')).firstSeenAt).toBeUndefined();
    const changes = await store.changes({ servers: ['my-mcp'], limit: 10 });
    expect(changes.map(({ action }) => action)).toEqual(['rename', 'approve', 'register']);
    expect(store.get('my-mcp')?.revision).toBe(changes[0]?.id);
    expect(policy()).toBe(rules.replace('server: mcp', 'server: my-mcp'));
    expect(await auth.bindings.findOwn('session', 'mcp', 'person:a', ['one'])).toEqual([]);
    expect((await auth.sessions.list()).map(({ sid }) => sid).sort()).toEqual(['a-mcp', 'browser', 'my-mcp']);
    expect(await auth.bindings.findOwn('session', 'other', 'person:a', ['two'])).toEqual(['two']);
  };

  test('servers:rename moves a server with its approved tools, history and rules, and ends its MCP sessions; a running registry follows', async () => {
    const { code, stdout } = await rename(['mcp', 'my-mcp', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('mcp becomes my-mcp: the server, 1 approved tools and 2 entries of its history.');
    expect(stdout).toContain('line 3: - {server: mcp, methods: [ping]} # here');
    expect(stdout).toContain('1 MCP sessions and tasks, and the logins of 1 clients to this server ended.');
    await expectRenamed();
    // Rules for the old name may apply to the next server of that name.
    expect(await store.namesEver()).toEqual(expect.arrayContaining(['mcp', 'my-mcp']));
  });

  test('servers:rename also renames the server in the policy in force, if people edit that, as a version with a way back', async () => {
    const first = { version: 'v', parent: null, by: { sub: 'a', name: 'ada' }, why: 'w', source: 'file' as const };
    await auth.policyVersions.add({ ...first, text: `${rules}# kept\n` });
    const { code, stdout } = await rename(['mcp', 'my-mcp', '--yes']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('Version 2 of the policy names my-mcp instead of mcp.'),
    ]);
    const text = `${rules.replace('server: mcp', 'server: my-mcp')}# kept\n`;
    expect(await auth.policyVersions.get(2)).toMatchObject({
      ...{ text, version: policyVersion(text), parent: 1, source: 'command', why: 'mcp is called my-mcp' },
    });
    await expectRenamed();
    expect((await rename(['mcp', 'my-mcp', '--yes'])).code).toBe(0);
    expect((await auth.policyVersions.newest())?.number).toBe(2);
  });

  test('servers:rename says what is left to do if the policy in force cannot be changed by it', async () => {
    const first = { version: 'v', parent: null, by: { sub: 'a', name: 'ada' }, why: 'w', source: 'file' as const };
    const rule = 'one:\n  - { server: &name mcp, methods: [ping] }\n';
    const other = 'two:\n  - { server: other, methods: [tools/call], tools: [*name] }\n';
    await auth.policyVersions.add({ ...first, text: rule + other });
    const { code, stderr } = await rename(['mcp', 'my-mcp', '--yes']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('version 1 of the policy names mcp: change it')]);
    expect((await auth.policyVersions.newest())?.number).toBe(1);
  });

  test('servers:rename shows the change and asks: without a yes, and with --dry-run, nothing changes', async () => {
    for (const [words, stdin, code] of [
      [['mcp', 'my-mcp', '--dry-run'], '', 0],
      [['mcp', 'my-mcp'], 'n\n', 1],
      [['mcp', 'my-mcp'], '', 1],
    ] as const) {
      const ended = await rename([...words], stdin);
      expect([ended.code, ended.stdout.includes('mcp becomes my-mcp')]).toEqual([code, true]);
      await store.refresh();
      expect([store.get('mcp') !== undefined, policy()]).toEqual([true, rules]);
    }
    expect((await rename(['mcp', 'my-mcp'], 'y\n')).code).toBe(0);
    await expectRenamed();
  });

  test.each([
    [['mcp'], 2, 'Two names are needed'],
    [['mcp', 'a', 'b'], 2, 'too many arguments'],
    [['mcp', 'mcp'], 2, 'is a name that the gateway uses itself'],
    [['mcp', 'hub'], 2, '"hub" is a name that the gateway uses itself: choose another, such as "my-hub"'],
    [['mcp', 'a__b'], 2, 'must not have two underscores in a row'],
    [['mcp', 'A'], 2, 'must be 1 to 63 of'],
    [['mcp', 'mcpgw'], 2, '"mcpgw" belongs to the gateway itself'],
    [['mcpgw', 'x'], 2, '"mcpgw" belongs to the gateway itself'],
    [['none', 'x'], 1, 'There is no server called "none". Nothing was changed.'],
    [['mcp', 'taken'], 1, 'There is a server called "taken" already'],
    [['mcp', 'my-mcp', '--data', '/nowhere'], 1, 'There is no registry.db in /nowhere'],
  ])('servers:rename refuses %j and changes nothing', async (words, code, message) => {
    await add('taken');
    if (words.includes('--data')) env = { ...env, DATABASE_URL: '' };
    const ended = await rename([...words, '--yes']);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(message)]);
    await store.refresh();
    expect([store.get('mcp')?.name, policy()]).toEqual(['mcp', rules]);
  });

  test('A policy that is broken, or that the command cannot change, stops servers:rename before it changes anything', async () => {
    for (const text of ['s: [', 's:\n- {server: &it mcp, methods: [tools/call], tools: [*it]}\n']) {
      writeFileSync(join(folder, 'scopes.yml'), text);
      const { code, stderr } = await rename(['mcp', 'my-mcp', '--yes']);
      expect([code, stderr]).toEqual([1, expect.stringContaining('Nothing was changed.')]);
      await store.refresh();
      expect([store.get('mcp')?.name, policy()]).toEqual(['mcp', text]);
    }
  });

  test('servers:rename that is killed after any step is completed by the next call', async () => {
    const program = ['--disable-warning=ExperimentalWarning', 'operations/servers/rename.ts', 'mcp', 'my-mcp', '--yes'];
    const child = spawn(process.execPath, program, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (bytes: Buffer) => {
      if (bytes.includes('Renamed mcp to my-mcp in the registry.')) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const { code, stdout } = await rename(['mcp', 'my-mcp', '--yes']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('mcp is called my-mcp in the registry already.')]);
    await expectRenamed();
  });

  test('servers:rename completes one that ended after the registry, and takes no other server for its own', async () => {
    const registry = await openRegistryDatabase(where, () => undefined);
    await renameServer(registry, { from: 'mcp', to: 'my-mcp' }, by);
    await registry.close();
    expect((await rename(['mcp', 'my-mcp', '--yes'])).code).toBe(0);
    await expectRenamed();
    await add('second');
    expect(await rename(['mcp', 'second', '--yes'])).toMatchObject({ code: 1 });
  });

  /** Connects an account whose tokens are the text "tokens of <person>". */
  const connect = async (
    subject: string,
    server: string,
    { vault = here, address = 'https://x.example/mcp -' } = {},
  ) => {
    const key = keyOf(subject, server);
    const times = { expiresAt: now() + 3_600, refreshAt: now() + 3_300, hasRefreshToken: true };
    const tokens = { locked: await vault.lock(key, `tokens of ${subject}`), scopes: ['a'], ...times };
    const owner = { subject, account: 'notes', server, address, identity: 'i', shownName: subject };
    await auth.accountRows.connect({ key, ...owner, ...tokens });
    return await auth.accountRows.find(key);
  };
  const accountsOf = async (subject: string) =>
    (await auth.accountRows.ofSubject(subject)).map(({ server, state }) => `${server} ${state}`).sort();

  test("servers:rename moves people's accounts with their tokens, also one that is being refreshed; a running auth-server follows, and the old name has none", async () => {
    env.ACCOUNTS_KEY_FILE = join(folder, 'keys');
    writeFileSync(env.ACCOUNTS_KEY_FILE, keys[0] ?? '');
    await connect('carol', 'my-mcp', { address: 'https://before.example/mcp -' });
    const before = await connect('carol', 'mcp');
    await connect('carol', 'other');
    await connect('dave', 'mcp', { vault: gone });
    await connect('erin', 'mcp');
    await auth.accountRows.stop({ key: keyOf('erin', 'mcp'), version: 1 }, 'more_scopes');
    await auth.accountRows.lease(keyOf('erin', 'mcp'), 2);

    const plan = [
      '2 accounts of people at this server move too.',
      'No key of ACCOUNTS_KEY_FILE opens 1',
      'dave, account notes',
    ];
    const { stdout: planned } = await rename(['mcp', 'my-mcp', '--dry-run']);
    for (const line of plan) expect(planned).toContain(line);
    expect(await accountsOf('dave')).toEqual(['mcp ok']);

    const { code, stdout } = await rename(['mcp', 'my-mcp', '--yes']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('2 accounts of people moved.')]);
    await until(async () => (await auth.accountRows.find(keyOf('carol', 'mcp'))) === undefined);
    const after = await auth.accountRows.find(keyOf('carol', 'my-mcp'));
    const { locked } = after ?? { locked: '' };
    expect(after).toEqual({ ...before, key: keyOf('carol', 'my-mcp'), server: 'my-mcp', locked });
    expect(await here.open(keyOf('carol', 'my-mcp'), locked)).toBe('tokens of carol');
    expect(await here.open(keyOf('carol', 'mcp'), locked)).toBeUndefined();
    expect(await accountsOf('carol')).toEqual(['my-mcp ok', 'other ok']);
    expect(await accountsOf('erin')).toEqual(['my-mcp more_scopes']);
    expect(await accountsOf('dave')).toEqual([]);
    expect((await auth.departedAccounts.take())?.key).toBe(keyOf('dave', 'mcp'));
    expect(await auth.departedAccounts.take()).toBeUndefined();

    // As after an interruption: a person who has connected to the new name meanwhile keeps that account.
    await connect('carol', 'mcp');
    const again = await connect('carol', 'my-mcp');
    expect((await rename(['mcp', 'my-mcp', '--yes'])).code).toBe(0);
    expect(await auth.accountRows.read(keyOf('carol', 'my-mcp'))).toEqual(again);
    expect([await accountsOf('carol'), await auth.departedAccounts.take()]).toEqual([
      ['my-mcp ok', 'other ok'],
      undefined,
    ]);
  });

  test("servers:rename without the keys of people's accounts changes nothing and says what to set", async () => {
    env.ACCOUNTS_KEY_FILE = join(folder, 'no-such-file');
    await connect('carol', 'mcp');
    const { code, stderr } = await rename(['mcp', 'my-mcp', '--yes']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('Set ACCOUNTS_KEY_FILE to the keys that the gateway has'),
    ]);
    await store.refresh();
    expect([store.get('mcp')?.name, policy(), await accountsOf('carol')]).toEqual(['mcp', rules, ['mcp ok']]);
    if (!where.startsWith('postgres')) return;
    delete env.ACCOUNTS_KEY_FILE;
    expect(await rename(['mcp', 'my-mcp', '--yes'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing was changed.'),
    });
  });

  test('A policy file that cannot be written leaves its lines to the operator, and everything else is done', async () => {
    const file = join(folder, 'scopes.yml');
    // A folder in the place of the draft: root may write everywhere.
    mkdirSync(`${file}.${hostname()}-${process.pid}`);
    const { code, stderr } = await rename(['mcp', 'my-mcp', '--yes']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('change the lines above by hand')]);
    await store.refresh();
    expect(store.get('my-mcp')).toBeDefined();
    expect(existsSync(file) && policy()).toBe(rules);
    writeFileSync(file, rules.replace('server: mcp', 'server: my-mcp'));
    rmSync(`${file}.${hostname()}-${process.pid}`, { recursive: true });
    expect((await rename(['mcp', 'my-mcp', '--yes'])).code).toBe(0);
    await expectRenamed();
  });
});
