import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../agents/program.ts';
import { policyVersion } from '../../common/policy/policy-in-force.ts';
import { type Desk, newDesk } from '../support/agents/agents-fixture.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { answerSoon, until } from '../support/listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'policy-versions-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
const shipped = readFileSync('scopes.yml', 'utf8');
/** dave, an operator, may edit the policy too. */
const first = shipped.replace(
  '  mcp-registry-operator:\n    list_service',
  '  mcp-registry-operator:\n    edit_policy: [all]\n    list_service',
);
/** No person in the group of bob may call anything. */
const withoutUsers = first.replace(
  '  mcp-registry-user:\n    - mcp-registry-user\n    - mcp-servers-restricted/read\n',
  '  mcp-registry-user:\n    - mcp-registry-user\n',
);

let gateway: Gateway;
let alice: Desk;
let dave: Desk;
let cookie: string;
beforeAll(async () => {
  writeFileSync(SCOPES_FILE, first);
  const settings = { POLICY_EDITABLE: 'true', SCOPES_FILE };
  gateway = await startGateway(settings, [], { processes: ['auth-server', 'registry', 'relay'] });
  const way = { REGISTRY_URL: gateway.url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}` };
  [alice, dave] = [newDesk(way), newDesk(way)];
  await alice.logIn('alice');
  await dave.logIn('dave');
  cookie = await gateway.sessionCookie('bob');
}, 180_000);
afterAll(async () => {
  alice?.remove();
  dave?.remove();
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const health = async () => JSON.parse((await send(gateway.ports.gateway, { method: 'GET', path: '/health' })).body);
/** Whether the person of a session may list the tools of currenttime. */
const mayList = async (session: string) => {
  const accept = 'application/json, text/event-stream';
  const headers = { cookie: session, origin: gateway.url, 'content-type': 'application/json', accept };
  const { body } = await send(gateway.ports.gateway, { path: '/currenttime/mcp', headers, body: rpc('tools/list') });
  return !body.includes('not_permitted');
};
const bobMay = async () => await mayList(cookie);
const policy = async (who: Desk, ...words: string[]) => {
  const { code, out, err } = await who.run(['policy', ...words]);
  return { code, out, err, json: out.startsWith('{') ? JSON.parse(out) : undefined };
};
const importing = (who: Desk, text: string, ...more: string[]) =>
  policy(who, 'import', who.file('new.yml', text), '--why', 'for this test', ...more);
/** What `/health` says if all services judge by this text. */
const everywhere = policyVersion;

test('All services judge by the version in the database, and /health names it', async () => {
  expect((await health())['policy-version']).toEqual(everywhere(first));
  expect(await policy(alice, 'show')).toMatchObject({ code: 0, json: { editable: true, number: 1, drift: null } });
  expect((await policy(alice, 'export')).out).toBe(first);
});

test('A change from the command line is in force in all services, and going back too', async () => {
  expect(await bobMay()).toBe(true);
  const { json } = await policy(alice, 'import', alice.file('dry.yml', withoutUsers), '--dry-run');
  expect(json.differences).toContainEqual(expect.objectContaining({ who: 'mcp-registry-user', change: 'loses' }));
  expect(await importing(alice, withoutUsers)).toMatchObject({
    code: 0,
    json: { applied: { number: 2, source: 'import' } },
  });
  expect(await answerSoon(async () => (await health())['policy-version'], everywhere(withoutUsers))).toEqual(
    everywhere(withoutUsers),
  );
  expect(await answerSoon(bobMay, false)).toBe(false);
  expect(await policy(alice, 'revert', '1', '--why', 'bob has to work')).toMatchObject({
    code: 0,
    json: { applied: { number: 3, source: 'revert' } },
  });
  expect(await answerSoon(bobMay, true)).toBe(true);
  const { json: history } = await policy(dave, 'history');
  expect(
    history.versions.map(({ number, source, by }: never) => [number, source, (by as { name: string }).name]),
  ).toEqual([
    [3, 'revert', 'alice'],
    [2, 'import', 'alice'],
    [1, 'file', 'the gateway'],
  ]);
  expect((await policy(dave, 'history', '2')).json).toMatchObject({ why: 'for this test', parent: 1 });
});

test('A person who signed in before their group was in the policy may call once it is, without another sign-in', async () => {
  const unmapped = first.replace(/ {2}mcp-registry-user:\n( {4}-.*\n)+/, '');
  expect((await importing(alice, unmapped)).code).toBe(0);
  expect(await answerSoon(async () => (await health())['policy-version'], everywhere(unmapped))).toBe(
    everywhere(unmapped),
  );
  const early = await gateway.sessionCookie('bob');
  const mayEarly = async () => await mayList(early);
  expect(await mayEarly()).toBe(false);
  expect((await importing(alice, first)).code).toBe(0);
  expect(await answerSoon(mayEarly, true)).toBe(true);
});

test('A change for the own group waits until another editor confirms it on the command line', async () => {
  const text = first.replace(
    '    edit_policy: [all]\n    list',
    '    edit_policy: [all]\n    view_people: [all]\n    list',
  );
  const made = await importing(dave, text);
  expect(made).toMatchObject({ code: 0, json: { proposed: { by: { name: 'dave' } } } });
  const id = String(made.json.proposed.id);
  expect((await policy(dave, 'confirm', id, '--yes')).code).toBe(4);
  expect((await policy(alice, 'confirm', id)).json).toMatchObject({ why: 'for this test' });
  expect(await policy(alice, 'confirm', id, '--yes')).toMatchObject({
    code: 0,
    json: { applied: { confirmed_by: { name: 'alice' } } },
  });
  expect((await policy(alice, 'export')).out).toBe(text);
});

test.each<[string, string[], number, RegExp]>([
  ['without a reason', ['import', 'x.yml'], 2, /--why/],
  ['of a file that is not there', ['import', 'nothing.yml', '--why', 'for this test'], 2, /cannot be read/],
  ['from a version that is no number', ['revert', 'x', '--why', 'for this test'], 2, /not the number/],
  ['to a version that is not kept', ['revert', '900', '--why', 'for this test'], 1, /not kept/],
  ['that does not wait', ['confirm', '900', '--yes'], 1, /no such change/],
])('The command line says what is wrong with a change %s', async (_what, words, code, message) => {
  const answer = await policy(alice, ...words);
  expect([answer.code, answer.err]).toEqual([code, expect.stringMatching(message)]);
});

test('The command line says what is wrong with a broken policy, and with one that was made from an older version', async () => {
  const broken = await importing(alice, 'group_mappings: [');
  expect([broken.code, broken.err]).toEqual([1, expect.stringMatching(/line 1/)]);
  const late = await importing(alice, withoutUsers, '--base', '1');
  expect([late.code, late.err]).toEqual([1, expect.stringMatching(/version \d+ is in force/)]);
});

test('On a terminal the command line says in words what is in force, what changes and what waits', async () => {
  const onTerminal = async (who: Desk, ...words: string[]) => {
    let out = '';
    const stream = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const terminal = Object.assign(stream, { isTTY: true, columns: 200 });
    const stdin = new PassThrough();
    const signal = new AbortController().signal;
    const env = { REGISTRY_URL: gateway.url, NO_COLOR: '1' };
    const code = await run(['policy', ...words], {
      ...{ env, folder: 'agents', home: who.home, stdin, stdout: terminal, stderr: terminal, signal },
    });
    return { code, out };
  };
  const { number, text } = (await policy(alice, 'show')).json;
  expect(text).toBeUndefined();
  const before = (await policy(alice, 'export')).out;
  const own = before.replace(
    '    view_people: [all]\n    list_service',
    '    view_people: [all]\n    view_audit: [all]\n    list_service',
  );
  const file = dave.file('own.yml', own);
  const line = '  mcp-registry-operator gains view_audit (in the registry) on every server';
  const dry = await onTerminal(dave, 'import', file, '--dry-run');
  expect(dry.out).toContain(line);
  expect(dry.out).toContain('A second editor is needed: mcp-registry-operator gains access, and the editor is in it.');
  const made = await onTerminal(dave, 'import', file, '--why', 'operators look at refusals');
  const [, id = ''] = /another editor has to confirm change (\d+)\./.exec(made.out) ?? [];
  const shown = await onTerminal(alice, 'show');
  expect(shown.out).toContain(`Version ${number} (${policyVersion(before)}) is in force.`);
  expect(shown.out).toContain(`Change ${id} by dave waits for a second editor: operators look at refusals`);
  const looked = await onTerminal(alice, 'confirm', id);
  expect(looked.out).toContain(line);
  expect((await onTerminal(alice, 'confirm', id, '--withdraw')).out).toBe(`Change ${id} is withdrawn.\n`);
  const history = await onTerminal(alice, 'history');
  expect(history.out).toMatch(/^VERSION +WHEN +WHO +BY +WHY\n/);
  expect((await onTerminal(alice, 'history', '1')).out).toMatch(/^Version 1 \(.*by the gateway \(file\)/);
  expect((await onTerminal(alice, 'import', alice.file('same.yml', before), '--why', 'nothing')).out).toMatch(
    /nothing to do/,
  );
  expect((await onTerminal(alice, 'help')).out).toContain('confirm');
});

test('nginx does not lead to the source of the policy, nor to the routes of the auth-server for it', async () => {
  for (const path of ['/policy/source', '/policy', '/policy/versions', '/policy/changes'])
    expect((await send(gateway.ports.gateway, { method: 'GET', path })).status).toBe(404);
});

test('While the auth-server is away, the registry and the relay keep the policy; one that starts then waits, and is not ready', async () => {
  const registry = `http://127.0.0.1:${gateway.ports.registry}`;
  const header = async () => (await fetch(`${registry}/health`)).headers.get('policy-version');
  const inForce = await header();
  await gateway.kill('auth-server');
  expect([(await fetch(`${registry}/health`)).status, await header()]).toEqual([200, inForce]);
  await gateway.kill('registry');
  const revived = gateway.revive('registry');
  const ready = async () => {
    const answer = await fetch(`${registry}/health/ready`).catch(() => undefined);
    return ((await answer?.json()) as { policy: string } | undefined)?.policy;
  };
  expect(await until(async () => (await ready()) === 'not there: the auth-server gives it')).toBe(true);
  expect((await fetch(`${registry}/health/live`)).status).toBe(200);
  const page = await fetch(`${registry}/api/servers`);
  expect([page.status, await page.json()]).toMatchObject([503, { error: { code: 'policy_unavailable' } }]);
  expect(gateway.log.some((line) => line.startsWith('registry') && line.includes('waits for the policy'))).toBe(true);
  await gateway.revive('auth-server');
  await revived;
  expect(await answerSoon(header, inForce)).toBe(inForce);
});
