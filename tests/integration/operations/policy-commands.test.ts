import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { openStore } from '../../../auth-server/store/store.ts';
import { policyVersion } from '../../../common/policy/policy-in-force.ts';
import { run as check } from '../../../operations/policy/check.ts';
import { run as diff } from '../../../operations/policy/diff.ts';
import { run as explain } from '../../../operations/policy/explain.ts';
import { runCommand } from '../../support/operations/run-command.ts';
import { bothDatabases, type Places } from '../../support/postgres/both-databases.ts';

const commands = { explain, 'scopes:check': check, 'scopes:diff': diff };
type Script = keyof typeof commands;
const folder = mkdtempSync(join(tmpdir(), 'policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script, called in the test's folder. */
const run = (script: Script, args: string[], { stdin = '', env = {} } = {}) =>
  runCommand(commands[script], args, { stdin, env: { INIT_CWD: folder, ...env } });

function write(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}

function token(claims: Record<string, unknown>): Promise<string> {
  const key = new TextEncoder().encode('any key will do, nothing verifies it');
  return new SignJWT({ token_use: 'access', sub: 'a1', client_id: 'a1', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(key);
}

const call = ['--server', 'currenttime', '--tool', 'current_time_by_timezone'];

describe('explain', () => {
  test('a denied person sees the verdict first, then the scopes, then each rule; the exit code is 1', async () => {
    const { stdout, code } = await run('explain', ['--group', 'mcp-registry-user', ...call]);
    expect(stdout.split('\n')[0]).toMatch(
      /^Denied: a person in the group mcp-registry-user .*\(method_not_allowed\)\.$/,
    );
    expect(stdout).toContain('  mcp-registry-user -> mcp-registry-user, mcp-servers-restricted/read\n');
    expect(stdout).toContain('mcp-servers-restricted/read[1]  miss: server is fininfo, not currenttime\n');
    expect(code).toBe(1);
  });

  test('an allowed agent with two scopes sees which rule applies; the exit code is 0', async () => {
    const scopes = ['--scope', 'mcp-servers-restricted/read', '--scope', 'mcp-servers-restricted/execute'];
    const { stdout, code } = await run('explain', [...scopes, ...call]);
    expect(stdout).toMatch(
      /^Allowed: an agent with the scopes .* by the rule mcp-servers-restricted\/execute\[0\]\.\n/,
    );
    expect(stdout).toMatch(/mcp-servers-restricted\/execute\[0\] +hit\n/);
    expect(code).toBe(0);
  });

  test.each([
    ['an agent', { scope: 'mcp-servers-unrestricted/execute' }, 0, 'an agent with the scope'],
    ['a person', { username: 'u', scope: 'mcp-servers-unrestricted/execute' }, 1, 'a person in no known group'],
  ])(
    'the token of %s is read from standard input, judged as the gateway does, and called unverified',
    async (...args) => {
      const [, claims, code, words] = args;
      const answer = await run('explain', ['--token', '-', ...call], {
        stdin: `${await token({ ...claims, exp: 1 })}\n`,
      });
      expect(answer.stdout).toContain(words);
      expect(answer.stdout).toContain('note: the token was only read');
      expect(answer.stdout).toContain('note: the token expired at 1970-01-01T00:00:01.000Z');
      expect(answer.code).toBe(code);
    },
  );

  test('names in a token cannot control the terminal', async () => {
    const claims = { username: 'u', 'cognito:groups': ['\u001b[2J\u001b[Hx\r\u202e'] };
    const { stdout } = await run('explain', ['--token', '-', ...call], { stdin: await token(claims) });
    expect(stdout).toContain('does not know the group x');
    expect(stdout).toMatch(/^[\P{C}\n]*$/u);
  });

  test('--json gives a program the same, for another policy file too', async () => {
    const file = write(
      'own.yml',
      '{group_mappings: {g: [s]}, s: [{server: a, methods: [resources/read], resources: ["x:*"]}]}',
    );
    const args = ['--group', 'g', '--group', 'other', '--server', 'a', '--resource', 'x:y', '--json'];
    for (const { stdout } of [
      await run('explain', [...args, '--file', file]),
      await run('explain', args, { env: { SCOPES_FILE: join(folder, file) } }),
    ]) {
      expect(JSON.parse(stdout)).toMatchObject({
        allowed: true,
        rule: 's[0]',
        caller: { kind: 'person', groups: ['g'], unknown: ['other'] },
        access: { method: 'resources/read', object: { kind: 'resource', name: 'x:y' } },
        groups: { g: ['s'] },
        scopes: [{ scope: 's', rules: [{ at: 's[0]', outcome: 'hit' }] }],
      });
    }
  });

  test('an unknown method is denied as the gateway denies it, for any object in the request', async () => {
    const args = ['--group', 'mcp-registry-admin', '--server', 'mcpgw', '--method', 'tasks/made-up', '--tool', 'x'];
    const { stdout, code } = await run('explain', args);
    expect(stdout).toMatch(/^Denied: .*\(unknown_method\)\.\n/);
    expect(code).toBe(1);
  });

  test('without a server it lists all that a caller may do, and the exit code is 0', async () => {
    const source = `group_mappings: {g: [s, t]}
UI-Scopes: {s: {list_service: [a]}, t: {list_service: [a, b], view_audit: [all]}}
s: [{server: a, methods: [tools/call], tools: [x, y]}]
t: [{server: b, methods: [tools/list]}]
`;
    const args = ['--group', 'g', '--group', 'unknown', '--file', write('rights.yml', source)];
    const { stdout, code } = await run('explain', args);
    expect(code).toBe(0);
    expect(stdout).toContain('What a person in the group g may do\n');
    expect(stdout).toContain('note: the policy does not know the group unknown: it grants nothing\n');
    expect(stdout).toContain('  g -> s, t\n');
    expect(stdout).toContain('  s[0]  on a: tools/call; tools x, y\n  t[0]  on b: tools/list\n');
    expect(stdout).toContain('  list_service: a, b\n  view_audit: all\n');
    const json = JSON.parse((await run('explain', [...args, '--json'])).stdout);
    expect(json).toMatchObject({
      groups: { g: ['s', 't'] },
      rules: [{ at: 's[0]', server: 'a' }, { at: 't[0]' }],
      registry: { list_service: ['a', 'b'] },
    });
  });

  describe('about a tool with conditions', () => {
    const file = () =>
      write(
        'conditions.yml',
        `group_mappings: {g: [s]}
limits: [{who: [g], server: bank, calls: 5, per: hour}]
s: [{server: bank, methods: [tools/call], tools: [{name: pay, arguments: {amount: {max: 10}}}, {name: drop, approve: {groups: [ops]}}, {hint: read-only}]}]
`,
      );
    const ask = (...args: string[]) => run('explain', ['--group', 'g', '--file', file(), ...args]);
    const pay = (json: string) => ask('--server', 'bank', '--tool', 'pay', '--arguments', json);

    test('it judges the arguments, and names the one that fails', async () => {
      expect(await pay('{"amount": 5}')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Allowed: /) });
      const { stdout, code } = await pay('{"amount": 50}');
      expect(stdout).toMatch(/^Denied: .*; the first that fails is amount \(argument_not_allowed\)\.\n/);
      expect(stdout).toContain('s[0]  miss: amount fails; tools are pay, when amount is at most 10; drop, after');
      expect(code).toBe(1);
      expect(
        JSON.parse((await ask('--server', 'bank', '--tool', 'pay', '--arguments', '{}', '--json')).stdout),
      ).toMatchObject({
        allowed: false,
        reason: 'argument_not_allowed',
        argument: 'amount',
      });
    });

    test('without arguments it says on which conditions it depends, and the exit code is 1', async () => {
      const { stdout, code } = await ask('--server', 'bank', '--tool', 'pay');
      expect(stdout).toMatch(
        /^It depends on the arguments: .* may do tools\/call pay on bank when amount is at most 10\.\n/,
      );
      expect(code).toBe(1);
    });

    test('it says who would have to approve, and what a hint allows', async () => {
      const drop = ['--server', 'bank', '--tool', 'drop'];
      const { stdout, code } = await ask(...drop);
      expect(stdout).toMatch(/^Denied: .*: a person in ops \(approval_needed\)\.\n/);
      expect(stdout).toContain('s[0]  held: it allows the call after approval by a person in ops');
      expect(code).toBe(1);
      expect((await ask(...drop, '--read-only')).code).toBe(0);
    });

    test('without a server it lists conditions and limits', async () => {
      const { stdout } = await ask();
      expect(stdout).toContain(
        'on bank: tools/call; tools pay, when amount is at most 10; drop, after approval by a person',
      );
      expect(stdout).toContain('Limits:\n  limits[0]  5 calls of every tool on bank an hour\n');
    });

    test.each([
      ['arguments that are no JSON', '{amount: 5}', /must be a JSON object/],
      ['a list', '[]', /must be a JSON object/],
      ['a key twice', '{"amount": 5, "amount": 50}', /a key stands twice/],
    ])('given %s, it reports that and the exit code is 2', async (_, json, message) => {
      const { stderr, code } = await pay(json);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    });
  });

  const user = ['--group', 'mcp-registry-user'];
  test.each([
    ['nothing at all', [], /Who is the caller/],
    ['no caller', call, /Who is the caller/],
    ['no server', [...user, '--tool', 't'], /--server is missing/],
    ['a person and an agent at once', [...user, '--scope', 's', ...call], /Who is the caller/],
    ['no method', [...user, '--server', 'a'], /What is requested/],
    ['two objects', [...user, ...call, '--prompt', 'p'], /exclude each other/],
    ['a call without a tool', [...user, '--server', 'a', '--method', 'tools/call'], /give --tool/],
    ['a list of one tool', [...user, ...call, '--method', 'tools/list'], /does not name a tool/],
    ['an option that does not exist', [...user, ...call, '--user', 'u'], /unknown option '--user'/],
    [
      'a policy file that is not there',
      [...user, ...call, '--file', 'none.yml'],
      /none\.yml cannot be read \(ENOENT\)/,
    ],
    ['a string that is not a token', ['--token', '-', ...call], /does not hold a JWT/],
  ])('asked about %s, it reports the mistake, gives no verdict, and the exit code is 2', async (_, args, message) => {
    const { stdout, stderr, code } = await run('explain', args);
    expect(stderr).toMatch(message);
    expect([stdout, code]).toEqual(['', 2]);
  });
});

describe('scopes:check', () => {
  test('the shipped policy has no warnings, and the exit code is 0', async () => {
    const { stdout, code } = await run('scopes:check', []);
    expect([stdout, code]).toEqual([expect.stringMatching(/scopes\.yml: no warnings\n$/), 0]);
  });

  test("with the registry's servers it names those that are missing, and the exit code is 1", async () => {
    const servers = write('servers.yml', '[{name: mcpgw}, {name: fininfo}, {name: realserverfaketools}]');
    const { stdout, code } = await run('scopes:check', ['--servers', servers]);
    expect(stdout).toMatch(/: 4 warnings\n/);
    expect(stdout).toContain('mcp-servers-restricted/execute[0]: there is no server currenttime');
    expect(code).toBe(1);
  });

  test('with sets among the servers it says what they offer that no group may call', async () => {
    const names = ['mcpgw', 'fininfo', 'realserverfaketools', 'currenttime'].map((name) => ({ name }));
    const team = { name: 'team', members: [{ server: 'currenttime', tools: ['unknown'] }] };
    const servers = write('servers.yml', JSON.stringify([...names, team]));
    expect((await run('scopes:check', ['--servers', servers])).code).toBe(0);
    const strict = write('strict.yml', '{group_mappings: {g: [s]}, UI-Scopes: {s: {list_service: [all]}}}');
    const { stdout, code } = await run('scopes:check', [strict, '--servers', servers]);
    expect(stdout).toContain('set team: offers unknown of currenttime, which no group may call');
    expect(code).toBe(1);
  });

  test('with the tools that servers list it tells which arguments stay free', async () => {
    const file = write(
      'free.yml',
      `{group_mappings: {g: [s]}, UI-Scopes: {s: {list_service: [all]}}, s: [{server: bank, methods: [tools/call], tools: [{name: pay, arguments: {to: [bob]}}]}]}`,
    );
    const inputSchema = { properties: { to: {}, amount: {} } };
    const stdin = JSON.stringify({ tools: [{ server: 'bank', name: 'pay', inputSchema }], skipped: [] });
    const { stdout, code } = await run('scopes:check', [file, '--tools', '-'], { stdin });
    expect(stdout).toContain('info     s[0]: pay of bank: amount stays free');
    expect(code).toBe(0);
  });

  test.each([
    ['a broken policy', ['broken.yml'], /broken\.yml cannot be used:\n {2}- line 1: group_mappings/],
    ['two policies', ['broken.yml', 'broken.yml'], /Only one policy file/],
    ['a file that is not a list of servers', ['--servers', 'broken.yml'], /not a list of servers/],
    ['a file that is not a list of tools', ['--tools', 'broken.yml'], /not what "mcp-gateway tools --json" prints/],
  ])('given %s, it reports that and the exit code is 2', async (_, args, message) => {
    write('broken.yml', 'group_mappings: 7');
    const { stdout, stderr, code } = await run('scopes:check', args);
    expect(stderr).toMatch(message);
    expect([stdout, code]).toEqual(['', 2]);
  });
});

const policy = (tools: string) =>
  `{group_mappings: {g: [s]}, s: [{server: a, methods: [tools/call], tools: [${tools}]}]}`;

describe('scopes:diff', () => {
  test('it shows who gains and who loses what, with one file from standard input, and the exit code is 1', async () => {
    const { stdout, code } = await run('scopes:diff', ['-', write('new.yml', policy('y'))], { stdin: policy('x') });
    expect(stdout).toBe(`Gain something: 1 group and 1 scope. Lose something: 1 group and 1 scope.

People, by group:
  g gains tools/call y on a
  g loses tools/call x on a

Agents, by scope:
  s gains tools/call y on a
  s loses tools/call x on a
`);
    expect(code).toBe(1);
  });

  test('it shows conditions, and what is allowed in their place', async () => {
    const small = '{name: pay, arguments: {amount: {max: 10}}}';
    const { stdout } = await run('scopes:diff', ['-', write('small.yml', policy(small))], { stdin: policy('pay') });
    expect(stdout).toContain('  g loses tools/call pay on a; still when amount is at most 10\n');
  });

  test('policies with the same meaning have no difference, and the exit code is 0', async () => {
    const file = write('same.yml', policy('y, x'));
    const { stdout, code } = await run('scopes:diff', ['-', file], { stdin: policy('x, y, x') });
    expect([stdout, code]).toEqual(['No caller gains or loses anything from - to same.yml.\n', 0]);
  });

  test.each([
    ['no file', [], /One or two policy files are needed/],
    ['a file that is not there', ['none.yml', 'none.yml'], /none\.yml cannot be read/],
  ])('given %s, it reports that and the exit code is 2', async (_, args, message) => {
    const { stdout, stderr, code } = await run('scopes:diff', args);
    expect(stderr).toMatch(message);
    expect([stdout, code]).toEqual(['', 2]);
  });
});

describe.each<[string, Places]>(bothDatabases('data'))(
  'Where people change the policy in the gateway, over %s,',
  (kind, places) => {
    const inFile = policy('x');
    const settings = async () => {
      const where = await places.empty();
      const way = kind === 'SQLite' ? { DATA_DIR: where } : { DATABASE_URL: where };
      return { where, env: { POLICY_EDITABLE: 'true', SCOPES_FILE: join(folder, write('file.yml', inFile)), ...way } };
    };
    const kept = async (...texts: string[]) => {
      const { where, env } = await settings();
      const store = await openStore(where);
      const by = { sub: 'ada00000', name: 'ada' };
      for (const [i, text] of texts.entries()) {
        const change = { by, why: 'for this test', source: 'page' as const, text, version: policyVersion(text) };
        await store.policyVersions.add({ ...change, parent: i === 0 ? null : i });
      }
      await store.close();
      return env;
    };
    const asked = ['--group', 'g', '--server', 'a', '--tool', 'y'];

    test('the commands read the newest version and name it, and not the file', async () => {
      const env = await kept(inFile, policy('y'));
      const explained = await run('explain', asked, { env });
      expect([explained.code, explained.stdout]).toEqual([
        0,
        expect.stringMatching(/by version \w+ of the policy in force, number 2 in /),
      ]);
      expect((await run('scopes:check', [], { env })).stdout).toMatch(/of the policy in force, number 2 in /);
      const compared = await run('scopes:diff', ['file.yml'], { env });
      expect(compared.stdout).toMatch(/^From the policy in force, number 2 in .* to file\.yml\.\n/);
      expect(compared.stdout).toContain('g loses tools/call y on a');
    });

    test('a file that is named is read instead', async () => {
      const env = await kept(inFile, policy('y'));
      const { stdout, code } = await run('explain', [...asked, '--file', 'file.yml'], { env });
      expect([code, stdout]).toEqual([1, expect.stringMatching(/by version \w+ of file\.yml/)]);
    });

    test('without a version in the database the commands give no answer, and say what to do', async () => {
      for (const env of [await kept(), (await settings()).env]) {
        const { stdout, stderr, code } = await run('explain', asked, { env });
        expect([code, stdout, stderr]).toEqual([
          2,
          '',
          expect.stringMatching(/With POLICY_EDITABLE the policy is in .*policy export FILE/),
        ]);
      }
    });
  },
);

test.each<Script>(['explain', 'scopes:check', 'scopes:diff'])(
  '%s --help shows an example and the exit codes',
  (script) => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const [, main = 'missing'] = scripts[script]?.split(' ') ?? [];
    const stdout = execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
    expect(stdout).toContain(`npm run -s ${script}`);
    expect(stdout).toContain('Exit code: 0');
  },
);
