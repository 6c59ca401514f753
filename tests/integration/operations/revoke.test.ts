import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { openStore, type Store } from '../../../auth-server/store/store.ts';
import { run } from '../../../operations/revoke/main.ts';
import { sessionsAsTable } from '../../../operations/revoke/print.ts';
import {
  AGENT,
  type AuthServer,
  agentClaims,
  alice,
  denialOf,
  keys,
  now,
  personClaims,
  READER,
  sessionRecord,
  startAuthServer,
  temporaryDirectory,
} from '../../support/auth-server/auth-fixture.ts';
import { runCommand } from '../../support/operations/run-command.ts';
import { emptyDatabase } from '../../support/postgres/databases.ts';
import { bareEnvironment } from '../../support/process.ts';
import { type RunningCognito, startCognito } from '../../support/stand-in/start.ts';

let home: ReturnType<typeof temporaryDirectory>;
let store: Store;
beforeEach(async () => {
  home = temporaryDirectory();
  store = await openStore(home.directory);
});
afterEach(async () => {
  await store.close();
  home.remove();
});

/** No gateway runs there. */
const nowhere = { REGISTRY_URL: 'http://127.0.0.1:1' };

async function revoke(args: string[], env: NodeJS.ProcessEnv = { DATA_DIR: home.directory }) {
  const { code, stdout, stderr } = await runCommand(run, args, { env: { ...nowhere, ...env } });
  return { code, out: stdout.trim(), err: stderr.trim() };
}

/** Runs the command as its own process, as an operator does. */
function revokeInProcess(args: string[], env: NodeJS.ProcessEnv = { DATA_DIR: home.directory }) {
  const command = ['--disable-warning=ExperimentalWarning', 'operations/revoke/main.ts', ...args];
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, command, { env: { ...bareEnvironment(), ...nowhere, ...env } }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out: out.trim(), err: err.trim() }),
    );
  });
}

test('npm run revoke acts on the database of the running gateway, and refuses another one', async () => {
  const cognito = await startCognito({ keys });
  const other = await startAuthServer(cognito.url);
  const own = await startAuthServer(cognito.url, { where: home.directory });
  try {
    await store.sessions.add(sessionRecord());
    for (const words of [['--user', 'alice'], ['--all'], ['--list']]) {
      const { code, out, err } = await revoke(words, { DATA_DIR: home.directory, REGISTRY_URL: other.url });
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(`The gateway at ${other.url} uses another database than this one. Nothing was ended.`);
      expect(err).toContain('docker compose exec auth-server node operations/revoke/main.ts');
    }
    expect(await store.sessions.read('s')).toBeDefined();
    expect((await revoke(['--user', 'alice'], { DATA_DIR: home.directory, REGISTRY_URL: own.url })).code).toBe(0);
    expect(await store.sessions.read('s')).toBeUndefined();
  } finally {
    await other.close();
    await own.close();
    await cognito.close();
  }
});

describe('npm run revoke with wrong arguments revokes nothing and reports the mistake:', () => {
  test.each([
    [[], 'Give one of'],
    [['--user', 'alice', '--all'], 'Give one of'],
    [['--json'], 'Give one of'],
    [['--user'], '--user'],
    [['--user', ''], 'The name is empty.'],
    [['--user='], 'The name is empty.'],
    [['alice'], 'alice'],
    [['--users', 'alice'], '--users'],
  ])('%j', async (args, message) => {
    await store.sessions.add(sessionRecord());
    const { code, out, err } = await revoke(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).toMatch(/--help says how this is used\.$/);
    expect(await store.sessions.read('s')).toBeDefined();
  });

  test('a folder without a database, which it does not create', async () => {
    const folder = join(home.directory, 'other');
    const { code, err } = await revoke(['--all'], { DATA_DIR: folder });
    expect(code).toBe(1);
    expect(err).toContain(`There is no auth-server.db in ${folder}.`);
    expect(await revoke(['--all'], { DATA_DIR: folder })).toMatchObject({ code: 1 });
  });

  test('a PostgreSQL that does not answer, whose password it does not show', async () => {
    const { code, out, err } = await revoke(['--all'], { DATABASE_URL: 'postgres://u:geheim@127.0.0.1:1/x' });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^The database cannot be opened: .*Nothing was ended\.$/);
    expect(err).not.toContain('geheim');
  });
});

describe('npm run revoke', () => {
  test('--help shows how to use it', async () => {
    const { code, out } = await revoke(['--help']);
    expect(code).toBe(0);
    for (const option of ['--user', '--client', '--session', '--all', '--list']) expect(out).toContain(option);
  });

  test('--list shows who is logged in, and nothing that could be used to forge a session', async () => {
    const sid = 'abcdefgh'.repeat(5);
    await store.sessions.add(sessionRecord({ sid, refreshToken: 'locked', username: 'a\u001b[2Jb' }));
    const { code, out } = await revoke(['--list']);
    expect(code).toBe(0);
    const [session] = JSON.parse(out) as Record<string, unknown>[];
    expect(session).toMatchObject({ session: 'abcdefgh', sub: alice.sub, groups: alice.groups, provider: 'cognito' });
    expect(out.replaceAll('\n', '')).not.toMatch(/abcdefgha|locked|\p{C}/u);
  });

  test('--list on a terminal is a table in which no name can control the terminal', () => {
    const name = 'a\u001b[2J\u202eb';
    const table = sessionsAsTable([sessionRecord({ sid: 'abcdefghijk', username: name, groups: ['x\ny'] })]);
    expect(table.split('\n')).toHaveLength(2);
    expect(table).toMatch(/^SESSION +USER +PROVIDER/);
    expect(table.replaceAll('\n', '')).not.toMatch(/abcdefghi|\p{C}/u);
    expect(sessionsAsTable([])).toBe('No one is logged in.');
  });

  test.each([
    [['--user', 'ann'], '2 sessions ended; tokens given out until now are refused.', ['b1']],
    [['--user', 'sub-b'], '1 session ended; tokens given out until now are refused.', ['a1', 'a2']],
    [['--client', 'cli'], '2 sessions ended; tokens given out until now are refused.', ['a1']],
    [['--session', 'a2'], '1 session ended.', ['a1', 'b1']],
    [['--all'], '3 sessions ended; tokens given out until now are refused.', []],
    [['--all', '--json'], '{"sessions":3,"tokens":true}', []],
  ])('%j says "%s" and leaves %j', async (args, said, left) => {
    const ann = { sub: 'sub-a', username: 'ann' };
    await store.sessions.add(sessionRecord({ ...ann, sid: 'a1', clientId: 'web' }));
    await store.sessions.add(sessionRecord({ ...ann, sid: 'a2', clientId: 'cli' }));
    await store.sessions.add(sessionRecord({ sid: 'b1', sub: 'sub-b', username: 'bea', clientId: 'cli' }));
    expect(await revoke(args)).toEqual({ code: 0, out: said, err: '' });
    expect((await store.sessions.list()).map(({ sid }) => sid).sort()).toEqual(left);
  });

  test('reports that it found no session: exit code 1 for --session, and a hint for a name', async () => {
    await store.sessions.add(sessionRecord());
    expect(await revoke(['--session', 'nosuchid'])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/There is no such session/),
    });
    expect(await revoke(['--user', 'Alice'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/0 sessions ended.*\n.*must match exactly/),
    });
    expect(await store.sessions.read('s')).toBeDefined();
  });

  test('works on PostgreSQL too', async () => {
    const DATABASE_URL = await emptyDatabase();
    const shared = await openStore(DATABASE_URL);
    try {
      await shared.sessions.add(sessionRecord());
      expect(await revoke(['--user', 'alice'], { DATABASE_URL })).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^1 session ended/),
      });
      expect(await shared.sessions.read('s')).toBeUndefined();
    } finally {
      await shared.close();
    }
  });
});

describe('within a second of npm run revoke, a running auth-server rejects', () => {
  let cognito: RunningCognito;
  let auth: AuthServer;
  beforeEach(async () => {
    cognito = await startCognito({ keys });
    auth = await startAuthServer(cognito.url, { where: home.directory });
  });
  afterEach(async () => {
    await auth.close();
    await cognito.close();
  });
  const bearer = async (claims: object) => ({
    Authorization: `Bearer ${await cognito.control.mint('access', claims as Record<string, unknown>)}`,
  });
  const codeOf = async (headers: Record<string, string>) => {
    const answer = await auth.validate(headers);
    return answer.status === 200 ? 'allowed' : denialOf(answer).code;
  };
  /** The codes as soon as they equal the expected ones, or after a second. */
  const settled = async (who: Record<string, string>[], expected: string[]) => {
    const end = Date.now() + 1_000;
    for (;;) {
      const codes = await Promise.all(who.map(codeOf));
      if (String(codes) === String(expected) || Date.now() > end) return codes;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  test.each<[string[], string[]]>([
    [
      ['--user', 'alice'],
      ['session_ended', 'access_revoked', 'allowed', 'allowed'],
    ],
    [
      ['--user', alice.sub],
      ['session_ended', 'access_revoked', 'allowed', 'allowed'],
    ],
    [
      ['--user', AGENT],
      ['allowed', 'allowed', 'access_revoked', 'allowed'],
    ],
    [
      ['--client', AGENT],
      ['allowed', 'allowed', 'access_revoked', 'allowed'],
    ],
    [['--all'], ['session_ended', 'access_revoked', 'access_revoked', 'access_revoked']],
    [
      ['--session', 'theone'],
      ['session_ended', 'allowed', 'allowed', 'allowed'],
    ],
  ])('%j: alice with a cookie, with a token, an agent, another agent: %j', async (args, expected) => {
    const reader = { sub: READER, client_id: READER, scope: 'mcp-servers-restricted/read' };
    const who = [
      { Cookie: await auth.session({ sid: 'theone' }) },
      await bearer(personClaims()),
      await bearer(agentClaims()),
      await bearer(agentClaims(reader)),
    ];
    const before = await Promise.all(who.map(codeOf));
    expect(before).toEqual(['allowed', 'allowed', 'allowed', 'allowed']);
    expect((await revokeInProcess(args)).code).toBe(0);
    expect(await settled(who, expected)).toEqual(expected);
  });

  test('what was issued before, and accepts what is issued later', async () => {
    const [person, agent] = [await bearer(personClaims()), await bearer(agentClaims())];
    await revoke(['--all']);
    const refused = ['access_revoked', 'access_revoked'];
    expect(await settled([person, agent], refused)).toEqual(refused);
    const later = { auth_time: now() + 1, iat: now() + 1, exp: now() + 60 };
    expect(await codeOf(await bearer(personClaims(later)))).toBe('allowed');
    expect(await codeOf(await bearer(agentClaims(later)))).toBe('allowed');
    const Cookie = await auth.session({ createdAt: now() + 1 });
    expect(await codeOf({ Cookie })).toBe('allowed');
  });

  test('with a message that explains who did it and what to do, and a warning in the log without the token', async () => {
    const who = await bearer(personClaims());
    await revoke(['--user', 'alice']);
    await settled([who], ['access_revoked']);
    const { status, code, body } = denialOf(await auth.validate(who));
    expect([status, code]).toEqual([401, 'access_revoked']);
    expect(body.error.message).toMatch(/An administrator has ended this access\./);
    const line = auth.lines.find((text) => text.includes('access_revoked')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', verdict: 'deny', status: 401 });
    expect(line).not.toContain('eyJ');
  });
});

test('--accounts disconnects the accounts of that person at servers too, and queues them to be revoked at their providers', async () => {
  await store.sessions.add(sessionRecord({ expiresAt: now() + 600 }));
  const row = (subject: string, server: string) => ({
    ...{
      subject,
      server,
      account: 'notion',
      address: 'https://mcp.example.com/mcp -',
      identity: 'i',
      locked: 'locked',
    },
    ...{ key: `${subject}.${server}`, shownName: 'carol', hasRefreshToken: true, scopes: [] },
    ...{ expiresAt: now() + 600, refreshAt: undefined },
  });
  for (const each of [row(alice.sub, 'notes'), row(alice.sub, 'tasks'), row('another', 'notes')])
    await store.accountRows.connect(each);
  expect((await revoke(['--user', 'alice'])).out).not.toContain('disconnected');
  expect(await store.accountRows.ofSubject(alice.sub)).toHaveLength(2);
  const { code, out } = await revoke(['--user', alice.sub, '--accounts']);
  expect([code, out]).toEqual([0, expect.stringContaining('2 accounts at servers disconnected.')]);
  expect(await store.accountRows.ofSubject(alice.sub)).toEqual([]);
  expect(await store.accountRows.ofSubject('another')).toHaveLength(1);
  expect((await revoke(['--all', '--accounts'])).err).toContain('--accounts goes with --user.');
});
