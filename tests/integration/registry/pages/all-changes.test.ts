import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { settingsOf } from '../../../../registry/servers/server.ts';
import { admin, policyText, signer, startRegistry, user } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`${policyText}  editors:\n    list_service: [all]\n    modify_service: [secret-plans]\n`);
const editor = { ...admin, username: 'ed', scopes: ['editors'] };
const by = { sub: 'u-9', username: 'grace' };

let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  registry = await startRegistry(signer.keys, { policy: () => policy });
  const { store } = registry;
  const change = async (name: string, action: 'edit' | 'delete', changes: object = {}) => {
    const before = store.get(name);
    if (!before) throw new Error(`there is no ${name}`);
    const next = action === 'delete' ? undefined : { ...settingsOf(before), ...changes };
    await store.change({ name, revision: before.revision, next, action, by });
  };
  await change('currenttime', 'edit', { version: '2' });
  await change('secret-plans', 'edit', { upstream: 'http://10.1.2.3:9000' });
  await change('secret-plans', 'delete');
  for (let version = 3; version < 60; version++) await change('currenttime', 'edit', { version: String(version) });
});
afterAll(() => registry.close());

const get = async (path: string, who: object) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' };
  const answer = await fetch(registry.url + path, { headers });
  return { status: answer.status, html: await answer.text() };
};

test('The page of changes has those of every visible server, also of a deleted one, 50 at a time', async () => {
  const first = await get('/servers/-/history', admin);
  expect(first.html.match(/<li data-day-item>/g)).toHaveLength(50);
  expect(first.html).toContain('<b>grace</b> changed: <a href="/servers/currenttime/history">Current time</a>');
  const older = /rel="next" href="([^"]+)"/.exec(first.html)?.[1] ?? '';
  expect(older).toMatch(/^\/servers\/-\/history\?before=\d+$/);
  const second = await get(older, admin);
  expect(second.html).toContain(
    '<b>grace</b> deleted: <a href="/servers/secret-plans/history">secret-plans</a> <span class="quiet">deleted</span>',
  );
  expect(second.html).toContain('href="/servers/-/history">Newest</a>');
});

test('The log of a deleted server stays at its address', async () => {
  const { status, html } = await get('/servers/secret-plans/history', admin);
  expect(status).toBe(200);
  expect(html).toContain('This server was deleted. Its change log stays.');
  expect(html).toContain('<b>grace</b> deleted');
  expect(html).not.toContain('Current time');
  expect((await get('/servers/secret-plans', admin)).status).toBe(404);
});

test('Values are shown to people who may change the server only: one of them says where it runs', async () => {
  expect((await get('/servers/secret-plans/history', admin)).html).not.toContain('10.1.2.3');
  expect((await get('/servers/secret-plans/history', editor)).html).toContain('10.1.2.3');
});

test('Changes of servers that a person may not see are not found', async () => {
  const { html } = await get('/servers/-/history', user);
  expect(html).toContain('Current time');
  expect(html).not.toContain('secret-plans');
  expect((await get('/servers/secret-plans/history', user)).status).toBe(404);
  expect((await get('/servers/never-there/history', admin)).status).toBe(404);
});
