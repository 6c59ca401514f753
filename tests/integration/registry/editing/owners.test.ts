import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { scopesOfGroups } from '../../../../policy/policy.ts';
import type { RouteOutcome } from '../../../../registry/routing/route-status.ts';
import { admin, signer, startRegistry, storeOf } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings:
  admin: [admin]
  operator: [operator]
  developer: [developer]
  named: [named]
  reader: [reader]
UI-Scopes:
  admin: {list_service: [all], register_service: [all], modify_service: [all], toggle_service: [all], health_check_service: [all]}
  operator: {list_service: [all], toggle_service: [all]}
  developer: {list_service: [all], register_service: [all]}
  named: {list_service: [all], register_service: [ruled]}
  reader: {list_service: [seen]}
reader:
  - {server: ruled, methods: [tools/list]}
  - {server: "globbed-*", methods: [tools/list]}
`);
const inGroup = (username: string, ...groups: string[]) => {
  return { ...admin, sub: `sub-of-${username}`, username, groups, scopes: scopesOfGroups(policy, groups) };
};
const alice = inGroup('alice', 'admin');
const oscar = inGroup('oscar', 'operator');
const dave = inGroup('dave', 'developer');
const erin = inGroup('erin', 'developer');
const carol = inGroup('carol', 'reader', 'developer');
/** Dave after he has left the developers. */
const formerDave = { ...dave, groups: ['reader'], scopes: scopesOfGroups(policy, ['reader']) };

const server = (name: string, more: object = {}) => ({
  ...{
    name,
    title: name,
    description: 'D',
    upstream: 'http://127.0.0.1:9000',
    transports: { 'streamable-http': '/mcp' },
  },
  ...more,
});

interface Body {
  error: { code: string; message: string };
  server: { enabled: boolean; awaits: boolean };
  warnings: string[];
  results?: { outcome: string }[];
}

let outcome: RouteOutcome;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeEach(async () => {
  outcome = { state: 'ok' };
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf(JSON.stringify([server('other')])),
    edits: { publish: async () => outcome, examine: async () => undefined },
  });
});
afterEach(() => registry.close());

const send = async (who: object, method: string, path: string, body?: object) => {
  const answer = await fetch(`${registry.url}/api${path}`, {
    method,
    headers: { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
};
const now = (name = 'notes') => registry.store.get(name);
const edit = (who: object, change: object, name = 'notes') =>
  send(who, 'PATCH', `/servers/${name}`, { ...change, revision: now(name)?.revision });
const toggle = (who: object, verb: string, name = 'notes') => send(who, 'POST', `/servers/${name}/${verb}`);

describe('a developer registers a server and owns it:', () => {
  beforeEach(async () => {
    expect((await send(dave, 'POST', '/servers', server('notes'))).status).toBe(201);
  });

  test('everyone who sees it sees the owner’s name, and never the subject', async () => {
    const { body } = await send(erin, 'GET', '/servers/notes');
    expect(body).toMatchObject({ owner: 'dave', awaits: false });
    expect(JSON.stringify(body)).not.toContain(dave.sub);
  });

  const changes: [string, boolean, object][] = [
    ['its title', false, { title: 'Notes' }],
    ['its description', false, { description: 'All notes' }],
    ['its tags', false, { tags: ['x'] }],
    ['its version', false, { version: '2.0' }],
    ['its address', true, { upstream: 'http://127.0.0.1:9001' }],
    ['its path', true, { transports: { 'streamable-http': '/other' } }],
    ['its transport', true, { transports: { sse: '/sse' } }],
    ['its credential', true, { auth: { secret: 'github' } }],
    ['whose credential it wants', true, { auth: { account: 'github' } }],
    ['its Host header', true, { host_header: 'notes.example' }],
    ['the headers that it gets', true, { forward_headers: ['X-Team'] }],
    ['what it may ask of people', true, { may: ['sampling'] }],
    ['its published name', true, { alias: 'io.github.own/notes' }],
    ['how long a check waits', true, { health_seconds: 9 }],
  ];
  test.each(changes)('the owner changes %s, and whether it waits is %j', async (_what, waits, change) => {
    const { status, body } = await edit(dave, change);
    expect([status, body.server.enabled, body.server.awaits]).toEqual([200, !waits, waits]);
    expect(body.warnings.some((each) => each.includes('modify_service'))).toBe(waits);
    expect(now()).toMatchObject({ ...change, enabled: !waits });
  });

  const applied = '?applied_from=git';
  const tagged = (tag: string) => ({ ...server('more'), tags: ['x', tag] });
  const put = (who: object, query: string, tags: string[]) => {
    const { name: _, ...settings } = server('notes', { tags, revision: now()?.revision });
    return send(who, 'PUT', `/servers/notes${query}`, settings);
  };
  test.each<[string, number, () => ReturnType<typeof send>]>([
    ['its owner in a change', 400, () => edit(dave, { tags: ['from:git'] })],
    ['its owner in another case', 400, () => edit(dave, { tags: ['From:Git'] })],
    ['its owner as the command does', 403, () => put(dave, applied, ['from:git'])],
    ['an administrator in a change', 400, () => edit(alice, { tags: ['from:git'] })],
    ['an administrator as the command does, of other files', 400, () => put(alice, applied, ['from:team-a'])],
    ['an administrator as the command does', 200, () => put(alice, applied, ['from:git'])],
    ['a developer in a registration', 400, () => send(dave, 'POST', '/servers', tagged('from:git'))],
    ['a developer as the command does', 201, () => send(dave, 'POST', `/servers${applied}`, tagged('from:git'))],
    ['files of a name that no tag could have', 400, () => put(alice, '?applied_from=a%20b', ['from:a b'])],
  ])('the tag that says that files made a server: %s gets %i for it', async (_who, status, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    const has = registry.store.list().some(({ tags }) => tags.some((tag) => tag.toLowerCase().startsWith('from:')));
    expect(has).toBe(status < 300);
    if (status === 400 && !answer.body.error.message.includes('applied_from'))
      expect(answer.body.error.message).toContain('mcp-gateway apply gives this tag to servers that files made');
  });

  test('the owner changes words of a server that files made, and may take their tag off', async () => {
    await put(alice, applied, ['from:git']);
    expect((await edit(dave, { title: 'Notes' })).status).toBe(200);
    expect(now()).toMatchObject({ title: 'Notes', tags: ['from:git'] });
    expect((await edit(dave, { tags: [] })).status).toBe(200);
    expect((await edit(dave, { tags: ['from:git'] })).status).toBe(400);
  });

  test.each([
    ['erin, who owns nothing', 403, erin],
    ['oscar, an operator', 403, oscar],
    ['dave, who has left the developers and does not see it', 404, formerDave],
    ['alice, an administrator', 200, alice],
  ])('%s, gets %i for a change of its title', async (_name, status, who) => {
    expect((await edit(who, { title: 'X' })).status).toBe(status);
  });

  test('the owner may not delete it, name another owner, or approve its tools', async () => {
    const answers = [
      await send(dave, 'DELETE', '/servers/notes'),
      await send(dave, 'POST', '/servers/notes/owner', { owner: null }),
      await send(dave, 'POST', '/servers/notes/tools/approve', { tools: [{ name: 'x', hash: 'a'.repeat(64) }] }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  });

  test('the owner disables it and enables it again', async () => {
    expect((await toggle(dave, 'disable')).body.server.enabled).toBe(false);
    expect((await toggle(dave, 'enable')).body.server.enabled).toBe(true);
  });

  test('the owner does not enable what an operator has disabled', async () => {
    await toggle(oscar, 'disable');
    const { status, body } = await toggle(dave, 'enable');
    expect([status, body.error.code]).toEqual([403, 'not_permitted']);
    expect(body.error.message).toContain('another person has disabled it');
    expect((await toggle(oscar, 'enable')).status).toBe(200);
  });

  test('after an operator has disabled it, the owner’s own disabling changes nothing of that', async () => {
    await toggle(oscar, 'disable');
    await toggle(dave, 'disable');
    expect((await toggle(dave, 'enable')).status).toBe(403);
  });

  test('an owner cannot use the form of words to enable it', async () => {
    await toggle(oscar, 'disable');
    await edit(dave, { title: 'Again' });
    expect(now()?.enabled).toBe(false);
  });

  describe('and moves it:', () => {
    beforeEach(async () => {
      await registry.store.definitions.change('notes', new Date(), () => ({ firstSeenAt: new Date() }));
      await edit(dave, { upstream: 'http://127.0.0.1:9001' });
    });

    test.each([
      ['its owner', dave],
      ['an operator', oscar],
    ])('%s cannot enable it', async (_who, who) => {
      const { status, body } = await toggle(who, 'enable');
      expect([status, now()?.enabled, now()?.awaits]).toEqual([403, false, true]);
      expect(body.error.message).toContain('modify_service');
    });

    test('words that the owner changes meanwhile leave it waiting', async () => {
      await edit(dave, { title: 'Nicer' });
      expect(now()).toMatchObject({ title: 'Nicer', awaits: true, enabled: false });
      expect((await toggle(dave, 'enable')).status).toBe(403);
    });

    test('an administrator enables it, and nothing waits then', async () => {
      expect((await toggle(alice, 'enable')).status).toBe(200);
      expect(now()).toMatchObject({ awaits: false, enabled: true, owner: { sub: dave.sub } });
    });

    test('the tools that were approved before count as never seen once it is enabled', async () => {
      const seen = async () => (await registry.store.definitions.of('notes')).firstSeenAt;
      expect(await seen()).toBeDefined();
      await toggle(alice, 'enable');
      expect(await seen()).toBeUndefined();
    });

    test('the change log says who, what, and that it waits', async () => {
      const [change] = await registry.store.changes({ servers: ['notes'], limit: 1 });
      expect(change).toMatchObject({ action: 'edit', by: { sub: dave.sub } });
      expect(change?.fields).toMatchObject({ awaits: { to: true }, enabled: { to: false }, upstream: {} });
    });
  });

  test('nginx refuses the routes after a move: the server is as it was, and does not wait', async () => {
    outcome = { state: 'refused', reason: 'no' };
    expect((await edit(dave, { upstream: 'http://127.0.0.1:9001' })).status).toBe(422);
    expect(now()).toMatchObject({ enabled: true, awaits: false, upstream: 'http://127.0.0.1:9000' });
  });

  test('an administrator moves it, and it does not wait', async () => {
    await edit(alice, { upstream: 'http://127.0.0.1:9001' });
    expect(now()).toMatchObject({ enabled: true, awaits: false, owner: { sub: dave.sub } });
  });

  test('an administrator names another owner, who has the right then, and dave has not', async () => {
    const owner = { sub: erin.sub, username: 'erin' };
    expect((await send(alice, 'POST', '/servers/notes/owner', { owner })).status).toBe(200);
    expect([(await edit(erin, { title: 'E' })).status, (await edit(dave, { title: 'D' })).status]).toEqual([200, 403]);
  });

  test('an administrator removes the owner', async () => {
    await send(alice, 'POST', '/servers/notes/owner', { owner: null });
    expect((await edit(dave, { title: 'D' })).status).toBe(403);
  });
});

describe('a name that is worth stealing:', () => {
  const register = async (who: object, name: string) => (await send(who, 'POST', '/servers', server(name))).status;
  const takeOver = async (who: object) => {
    const { body } = await send(who, 'POST', '/import', { servers: [server('notes')] });
    return body.results?.[0]?.outcome ?? body.error?.code;
  };

  test('a name that was used goes to its last owner and to administrators only', async () => {
    await register(dave, 'notes');
    await send(alice, 'DELETE', '/servers/notes');
    expect(await register(erin, 'notes')).toBe(403);
    expect(await register(dave, 'notes')).toBe(201);
    await send(alice, 'DELETE', '/servers/notes');
    expect(await register(alice, 'notes')).toBe(201);
    await send(alice, 'DELETE', '/servers/notes');
    // Its last owner is alice.
    expect(await register(dave, 'notes')).toBe(403);
  });

  test('an import does not get it either', async () => {
    await register(dave, 'notes');
    await send(alice, 'DELETE', '/servers/notes');
    expect(await takeOver(erin)).not.toBe('registered');
    expect(now()).toBeUndefined();
  });

  test.each([
    ['a rule names it', 'ruled', 403],
    ['only a glob covers it', 'globbed-one', 201],
    ['UI-Scopes name it', 'seen', 403],
    ['nothing names it', 'free', 201],
  ])('a developer registers a name, and %s', async (_why, name, status) => {
    expect(await register(carol, name)).toBe(status);
  });

  test('whom the policy lets register exactly this name may have it', async () => {
    expect(await register(inGroup('nina', 'named'), 'ruled')).toBe(201);
  });

  test('a set names it', async () => {
    await register(alice, 'later');
    const set = {
      name: 'team',
      title: 'Team',
      description: 'D',
      members: [{ server: 'later', tools: null, prefix: null }],
    };
    expect((await send(alice, 'POST', '/servers', set)).status).toBe(201);
    await send(alice, 'DELETE', '/servers/later');
    expect(await register(erin, 'later')).toBe(403);
  });

  test('a registration that nginx refused leaves the name to the person who tried', async () => {
    outcome = { state: 'refused', reason: 'no' };
    expect(await register(dave, 'notes')).toBe(422);
    outcome = { state: 'ok' };
    expect(await register(erin, 'notes')).toBe(403);
    expect(await register(dave, 'notes')).toBe(201);
  });
});
