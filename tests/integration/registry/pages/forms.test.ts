import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createAddressCheck, parseCidr } from '../../../../common/network/addresses.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { RegistryError } from '../../../../registry/errors/registry-error.ts';
import { createConnectionTest } from '../../../../registry/health/probe/connection-test.ts';
import { toRouteLine } from '../../../../registry/routing/routes-file.ts';
import { createUpstreams } from '../../../../registry/routing/upstreams.ts';
import { type ServerEntry, settingsOf } from '../../../../registry/servers/server.ts';
import { capabilities, hostileMcp } from '../../../support/registry/hostile-mcp.ts';
import {
  admin,
  publicUrl,
  recordingLog,
  signer,
  startRegistry,
  stranger,
  user,
} from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: { mcp-registry-admin: [mcp-registry-admin, everything] }
everything: [{ server: "*", methods: ["*"], tools: ["*"] }]
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], toggle_service: [all], modify_service: [all], health_check_service: [all] }
  mcp-registry-user: { list_service: [currenttime], toggle_service: [currenttime] }
  team: { list_service: ["team-*"], register_service: ["team-*"] }
`);
const team = { ...user, username: 'tess', scopes: ['team'] };
const good = {
  name: 'notes',
  title: 'Notes',
  description: 'Keeps notes',
  upstream: 'http://127.0.0.1:9000',
  mcp_path: '/mcp',
  enabled: 'on',
};
const local = [parseCidr('127.0.0.0/8')].flatMap((cidr) => cidr ?? []);
const upstreams = createUpstreams({
  servers: () => [],
  resolve: async (host) => {
    if (host === '127.0.0.1' || host === '169.254.169.254') return [host];
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  },
  check: createAddressCheck({ allowPrivate: local, ownPorts: new Set([7860]) }),
  routesDir: '/nonexistent',
  log: recordingLog().log,
});
const upstreamAuth = {
  problem: ({ auth }: Pick<ServerEntry, 'auth'>) =>
    auth && 'secret' in auth
      ? ({ field: 'secret', reason: `There is no secret called "${auth.secret}" for it.` } as const)
      : undefined,
  headersFor: () => ({}),
  titleOf: () => undefined,
  accountsFor: () => [],
};
const connect = createConnectionTest({ find: upstreams.find, upstreamAuth, limits: { answer: 700, whole: 1_500 } });

let registry: Awaited<ReturnType<typeof startRegistry>>;
let refusal: string | undefined;
const closers: (() => void)[] = [];
beforeEach(async () => {
  refusal = undefined;
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    connect,
    upstreamAuth,
    edits: {
      examine: async (server) => (await upstreams.find(server)).problem,
      publish: async () => (refusal === undefined ? { state: 'ok' } : { state: 'refused', reason: refusal }),
    },
  });
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await registry.close();
});

interface Sent {
  who?: object;
  headers?: Record<string, string>;
}
const ours = { 'Sec-Fetch-Site': 'same-origin', Origin: publicUrl };
const post = async (
  path: string,
  fields: Record<string, string> | string[][],
  { who = admin, headers = ours }: Sent = {},
) => {
  const answer = await fetch(registry.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html', ...headers },
    body: new URLSearchParams(fields),
  });
  return { status: answer.status, location: answer.headers.get('location'), html: plain(await answer.text()) };
};
const get = async (path: string, who: object = admin) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' };
  const answer = await fetch(registry.url + path, { headers, redirect: 'manual' });
  return { status: answer.status, location: answer.headers.get('location'), html: plain(await answer.text()) };
};
const plain = (html: string) =>
  html.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>');
/** The message at a field. */
const faultAt = (html: string, field: string) =>
  new RegExp(`id="${field}-fault"><svg[\\s\\S]*?</svg><span>([^<]*)`).exec(html)?.[1]?.trim();
/** The value of a field. */
const typedIn = (html: string, field: string) =>
  new RegExp(`<input id="${field}"[^>]* value="([\\s\\S]*?)"(?: placeholder| aria| readonly| autocomplete)`).exec(
    html,
  )?.[1] ?? new RegExp(`<textarea id="${field}"[^>]*>\\n([\\s\\S]*?)</textarea>`).exec(html)?.[1];

describe('Registering', () => {
  test('A valid form registers the server, redirects to its page, and shows one note once', async () => {
    const { status, location } = await post('/servers/register', good);
    expect([status, location?.split('?')[0]]).toEqual([303, '/servers/notes']);
    expect(registry.store.get('notes')).toMatchObject({ title: 'Notes', enabled: true, tags: [], version: null });
    expect((await get(location ?? '')).html).toContain('“Notes” is registered');
    expect((await get(location ?? '')).html).not.toContain('“Notes” is registered');
  });

  test('A note is shown to the person who sent the form, not to another person with its address', async () => {
    const { location } = await post('/servers/register', { ...good, name: 'team-a' }, { who: team });
    expect((await get(location ?? '', admin)).html).not.toContain('is registered');
    expect((await get(location ?? '', team)).html).toContain('is registered');
  });

  test('The form has all fields of the API', async () => {
    const all = {
      ...good,
      enabled: '',
      sse_path: '/sse',
      description: 'First line\r\nand second',
      tags: 'a, b,\na',
      version: '1.2',
      license: 'MIT',
      repository: 'https://example.com/x',
      alias: 'io.github.example/notes',
      icons: 'https://example.com/a.png image/png 48x48\r\nhttps://example.com/b.svg',
    };
    const mays = ['open_pages', 'sampling'].map((each) => ['may', each]);
    expect((await post('/servers/register', [...Object.entries(all), ...mays])).status).toBe(303);
    expect(registry.store.get('notes')).toMatchObject({
      description: 'First line and second',
      transports: { 'streamable-http': '/mcp', sse: '/sse' },
      tags: ['a', 'b'],
      version: '1.2',
      license: 'MIT',
      repository: 'https://example.com/x',
      alias: 'io.github.example/notes',
      enabled: false,
      may: ['sampling', 'open_pages'],
      icons: [
        { src: 'https://example.com/a.png', mimeType: 'image/png', sizes: ['48x48'] },
        { src: 'https://example.com/b.svg' },
      ],
    });
    const { html } = await get('/servers/notes/edit');
    expect(typedIn(html, 'icons')).toBe('https://example.com/a.png image/png 48x48\nhttps://example.com/b.svg');
    expect(typedIn(html, 'tags')).toBe('a, b');
    for (const [, each] of mays) expect(html).toContain(`name="may" value="${each}" checked`);
    await post('/servers/notes/enable', { revision: String(registry.store.get('notes')?.revision) });
    expect((await get('/servers/notes/connect')).html).toContain(
      'to use your model and to open a page, through the hub',
    );
  });

  test.each([
    ['http://127.0.0.1:9000/mcp', { 'streamable-http': '/mcp' }],
    ['http://127.0.0.1:9000/deep/er/mcp/', { 'streamable-http': '/deep/er/mcp/' }],
    ['http://127.0.0.1:9000/@a/b%3Ac/mcp?profile=x%20y', { 'streamable-http': '/@a/b%3Ac/mcp?profile=x%20y' }],
    ['http://127.0.0.1:9000/?profile=x', { 'streamable-http': '/?profile=x' }],
    ['http://127.0.0.1:9000/sse?x=/mcp', { sse: '/sse?x=/mcp' }],
    ['http://127.0.0.1:9000/sse', { sse: '/sse' }],
    ['http://127.0.0.1:9000', { 'streamable-http': '/mcp' }],
  ])('The path of a pasted address (%s) counts if both path fields are empty', async (upstream, transports) => {
    await post('/servers/register', { ...good, upstream, mcp_path: '' });
    expect(registry.store.get('notes')).toMatchObject({ upstream: 'http://127.0.0.1:9000', transports });
  });

  test('A rejected form keeps everything that was typed, and shows each message at its field', async () => {
    const typed = { ...good, name: 'No Such Name', title: ' ', tags: 'x', version: '<b>1</b>', upstream: 'ftp://x' };
    const { status, html } = await post('/servers/register', typed);
    expect(status).toBe(400);
    expect(faultAt(html, 'name')).toMatch(/^Must be 1 to 63 of a-z/);
    expect(faultAt(html, 'title')).toBe('Must not be empty.');
    expect(faultAt(html, 'upstream')).toMatch(/^Must be an http or https URL/);
    expect(html).toContain('3 things are wrong. Nothing was saved.');
    for (const field of ['name', 'title', 'tags', 'version', 'upstream'] as const)
      expect([field, typedIn(html, field)]).toEqual([field, typed[field]]);
    expect(registry.store.list()).toHaveLength(2);
  });

  test.each([
    ['a taken name', { name: 'currenttime' }, 409, 'name', /already/],
    ['a reserved name', { name: 'audit' }, 400, 'name', /the gateway uses itself/],
    ['the name of the gateway’s own server', { name: 'mcpgw' }, 403, 'name', /belongs to the gateway/],
    ['a metadata service', { upstream: 'http://169.254.169.254' }, 422, 'upstream', /metadata/],
    ['the gateway’s own port', { upstream: 'http://127.0.0.1:7860' }, 422, 'upstream', /own port/],
    ['a name that cannot be resolved', { upstream: 'http://nowhere.invalid' }, 422, 'upstream', /cannot be resolved/],
    ['a secret that does not exist', { secret: 'none' }, 422, 'secret', /no secret called/],
    ['a secret that looks like one', { secret: 'Bearer abc' }, 400, 'secret', /name of a secret/],
    ['a third icon that is not a URL', { icons: 'https://a.b/\nhttps://a.c/\nx' }, 400, 'icons', /^Line 3 must be/],
    ['the tag of files', { tags: 'ok, from:git' }, 400, 'tags', /^Must not have from:git: mcp-gateway apply gives/],
    ['a long tag', { tags: `ok, ${'x'.repeat(31)}` }, 400, 'tags', /^Tag 2 must have/],
  ])('%s is rejected at its field', async (_what, change, status, field, message) => {
    const answer = await post('/servers/register', { ...good, ...change });
    expect(answer.status).toBe(status);
    expect(faultAt(answer.html, field)).toMatch(message);
    expect(registry.store.get('notes')).toBeUndefined();
  });

  test('A registration that nginx rejects is undone, and the page shows the reason', async () => {
    refusal = 'invalid port in upstream';
    const { status, html } = await post('/servers/register', good);
    expect(status).toBe(422);
    expect(html).toContain('nginx refused the route, and nothing was changed: invalid port in upstream');
    expect(typedIn(html, 'name')).toBe('notes');
    expect(registry.store.get('notes')).toBeUndefined();
  });

  test('A person who may register some names sees a fault at the field for any other name', async () => {
    expect((await get('/register', team)).status).toBe(200);
    const { status, html } = await post('/servers/register', good, { who: team });
    expect(status).toBe(403);
    expect(faultAt(html, 'name')).toContain('register_service');
    expect((await post('/servers/register', { ...good, name: 'team-b' }, { who: team })).status).toBe(303);
  });

  test('Without the permission there is no form, and sending one does nothing', async () => {
    for (const who of [user, stranger]) {
      const { status, html } = await get('/register', who);
      expect([status, html.includes('<h1>Not permitted</h1>')]).toEqual([403, true]);
      expect((await post('/servers/register', good, { who })).status).toBe(403);
      expect((await post('/servers/register', { ...good, do: 'test' }, { who })).status).toBe(403);
    }
    expect(registry.store.get('notes')).toBeUndefined();
  });
});

const injections = [
  'x; } location / { return 200; } #',
  'x\nserver { listen 1; }',
  '$' + '{upstream}',
  '$(touch /tmp/x)',
  'x" y \' z \\',
  '\u202eexample',
  'currenttіme', // Cyrillic і
  'a\u200bb',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '{{7*7}}<%= 1 %>',
];
const everyField = [
  'name',
  'title',
  'description',
  'tags',
  'upstream',
  'mcp_path',
  'sse_path',
  'secret',
  'version',
  'license',
  'repository',
  'alias',
  'icons',
  'may',
];
test.each(everyField)('Input into %s is rejected at the field, or is shown as text only', async (field) => {
  for (const text of injections) {
    const answer = await post('/servers/register', { ...good, [field]: text });
    expect([text, answer.status]).toEqual([text, answer.status === 303 ? 303 : 400]);
    const kept = registry.store.list().find(({ name }) => name !== 'currenttime' && name !== 'secret-plans');
    if (answer.status === 400) {
      expect([text, faultAt(answer.html, field)]).toEqual([text, expect.stringMatching(/./)]);
      expect(kept).toBeUndefined();
      continue;
    }
    expect(['title', 'description', 'tags', 'version', 'license']).toContain(field);
    if (!kept) throw new Error('it was neither rejected nor stored');
    // nginx gets the same as without it.
    const line = 'notes 127.0.0.1:9000';
    expect(toRouteLine(kept, ['127.0.0.1:9000'])).toContain(line.split(' ')[1]);
    expect(toRouteLine(kept, ['127.0.0.1:9000'])).toBe(
      toRouteLine({ ...kept, title: 't', description: 'd', tags: [] }, ['127.0.0.1:9000']),
    );
    const page = await (
      await fetch(`${registry.url}/servers/notes/edit`, { headers: { 'X-Mcp-Assertion': await signer.sign(admin) } })
    ).text();
    expect(page).not.toContain('<script>alert');
    const revision = String(kept.revision);
    expect((await post('/servers/notes/delete', { revision })).status).toBe(303);
  }
});

describe('Editing', () => {
  const edit = async (change: Record<string, string>, revision = registry.store.get('currenttime')?.revision) => {
    const now = { title: 'Current time', description: 'The current time in any IANA time zone.', tags: 'time, demo' };
    const where = { upstream: 'http://127.0.0.1:8000', mcp_path: '/mcp', sse_path: '/sse' };
    return await post('/servers/currenttime/edit', { ...now, ...where, revision: String(revision), ...change });
  };

  test('The form shows the current settings and saves changes, except to the name', async () => {
    const { html } = await get('/servers/currenttime/edit');
    expect(typedIn(html, 'upstream')).toBe('http://127.0.0.1:8000');
    expect(html).not.toContain('id="name"');
    const { status, location } = await edit({ title: 'Clock', name: 'other' });
    expect([status, location?.split('?')[0]]).toEqual([303, '/servers/currenttime']);
    expect(registry.store.get('currenttime')).toMatchObject({ title: 'Clock', tags: ['time', 'demo'] });
    expect(registry.store.get('other')).toBeUndefined();
    expect((await get((await edit({ title: 'Clock' })).location ?? '')).html).toContain('Nothing was different');
  });

  test('A change by another person: 409 shows it, keeps what was typed, and updates untouched fields', async () => {
    const seen = registry.store.get('currenttime')?.revision;
    const who = { ...admin, sub: 'c', username: 'carol' };
    const carols = { title: 'Carols title', description: 'Carols description', tags: 'time, demo' };
    const where = { upstream: 'http://127.0.0.1:8000', mcp_path: '/mcp', sse_path: '/sse' };
    await post('/servers/currenttime/edit', { ...carols, ...where, revision: String(seen) }, { who });

    const { status, html } = await edit({ title: 'My title', tags: 'mine' }, seen);
    expect(status).toBe(409);
    expect(html).toContain('Changed meanwhile. Nothing was saved yet.');
    expect(html).toMatch(/<strong>carol<\/strong> · edit/);
    expect(typedIn(html, 'title')).toBe('My title');
    expect(typedIn(html, 'tags')).toBe('mine');
    expect(typedIn(html, 'description')).toBe('Carols description');
    expect(html).toMatch(/<td [^>]+>Current time<\/td><td [^>]+>Carols title<\/td>/);
    expect(registry.store.get('currenttime')).toMatchObject({ title: 'Carols title' });

    const now = /name="revision" value="(\d+)"/.exec(html)?.[1];
    expect((await edit({ title: 'My title', description: 'Carols description' }, Number(now))).status).toBe(303);
    expect(registry.store.get('currenttime')).toMatchObject({ title: 'My title', description: 'Carols description' });
  });

  test('If the server was deleted, the form offers what was typed as a new registration', async () => {
    const seen = registry.store.get('currenttime')?.revision;
    await post('/servers/currenttime/delete', { revision: String(seen) });
    const { status, html } = await edit({ title: 'My title' }, seen);
    expect([status, typedIn(html, 'title'), typedIn(html, 'name')]).toEqual([409, 'My title', 'currenttime']);
    expect(html).toContain('was deleted while you edited it');
  });

  test('A person without the right to change it gets no form; one who may not see it gets a 404', async () => {
    expect((await get('/servers/currenttime/edit', user)).status).toBe(403);
    expect((await get('/servers/secret-plans/edit', user)).status).toBe(404);
    const sent = { revision: '1', title: 'x' };
    expect((await post('/servers/currenttime/edit', sent, { who: user })).status).toBe(403);
    expect((await post('/servers/secret-plans/edit', sent, { who: user })).status).toBe(404);
    expect((await post('/servers/currenttime/edit', { ...sent, do: 'test' }, { who: user })).status).toBe(403);
    expect((await post('/servers/currenttime/delete', { revision: '1' }, { who: user })).status).toBe(403);
    expect((await get('/servers/currenttime/delete', user)).status).toBe(403);
  });

  test('An owner gets a form that says what waits, and offers no deletion', async () => {
    await post('/servers/register', { ...good, name: 'team-notes', do: 'save' }, { who: team });
    const { html } = await get('/servers/team-notes/edit', team);
    expect(html).toContain('You own this server.');
    expect(html).not.toContain('/servers/team-notes/delete');
    expect((await get('/servers/team-notes/edit')).html).toContain('/servers/team-notes/delete');
    const before = registry.store.get('team-notes');
    if (!before) throw new Error('team-notes is not registered');
    const change = { name: 'team-notes', revision: before.revision, next: settingsOf(before), action: 'edit' } as const;
    await registry.store.change({ ...change, by: team, standing: { awaits: true } });
    const list = (await get('/?show=issues')).html;
    expect(list).toContain('Its owner has changed it, and the change waits for a look.');
  });

  test('A server that no change of an owner waits for is not named so', async () => {
    expect((await get('/?show=issues')).html).not.toContain('waits for a look');
  });
});

describe('Buttons', () => {
  test('Enable and disable redirect to the page of the button, with a note', async () => {
    const { status, location } = await post('/servers/currenttime/disable', { back: '/?q=time' }, { who: user });
    expect([status, location?.startsWith('/?q=time&note=')]).toEqual([303, true]);
    expect(registry.store.get('currenttime')?.enabled).toBe(false);
    const enabled = await post('/servers/currenttime/enable', {});
    expect(enabled.location?.split('?')[0]).toBe('/servers/currenttime');
    expect((await get(enabled.location ?? '')).html).toContain('is enabled');
  });

  test.each(['https://evil.example/', '//evil.example', '/oauth2/logout/cognito', '/\\evil.example', 'javascript:x'])(
    'No form redirects to %s',
    async (back) => {
      const { location } = await post('/servers/currenttime/disable', { back });
      expect(location?.split('?')[0]).toBe('/servers/currenttime');
    },
  );

  test('The page of the button shows why an upstream cannot be enabled', async () => {
    await post('/servers/secret-plans/disable', {});
    const { location } = await post('/servers/secret-plans/enable', {});
    expect((await get(location ?? '')).html).toContain('cannot be resolved');
    expect((await get((await post('/servers/secret-plans/check', {})).location ?? '')).html).toContain(
      'enable it first',
    );
  });

  test('A server is deleted only after a page has asked, and only in the revision that the page showed', async () => {
    const { html } = await get('/servers/currenttime/delete');
    expect(html).toContain('Delete Current time?');
    const revision = /name="revision" value="(\d+)"/.exec(html)?.[1] ?? '';
    await post('/servers/currenttime/disable', {});
    const late = await post('/servers/currenttime/delete', { revision });
    expect([late.status, late.html.includes('was changed after you opened this page')]).toEqual([409, true]);
    expect((await post('/servers/currenttime/delete', {})).status).toBe(409);
    expect(registry.store.get('currenttime')).toBeDefined();
    const again = /name="revision" value="(\d+)"/.exec(late.html)?.[1] ?? '';
    const done = await post('/servers/currenttime/delete', { revision: again });
    expect([done.status, done.location?.split('?')[0]]).toEqual([303, '/']);
    expect(registry.store.get('currenttime')).toBeUndefined();
  });
});

describe('Forms from elsewhere', () => {
  const nothing = { Origin: publicUrl };
  test.each<[string, Record<string, string>, number]>([
    ['our page, in a current browser', ours, 303],
    ['our page, in a browser without Sec-Fetch-Site and Origin', nothing, 303],
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }, 403],
    ['another port of our host', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:1' }, 403],
    ['an address bar', { 'Sec-Fetch-Site': 'none' }, 403],
    ['a page without origin', { Origin: 'null' }, 403],
    ['another origin that says same-origin', { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://evil.example' }, 403],
    ['an unknown place', {}, 403],
  ])('A form from %s with %j is answered %i', async (_where, headers, status) => {
    for (const path of ['/servers/currenttime/disable', '/servers/register'])
      expect([path, (await post(path, good, { headers })).status]).toEqual([path, status]);
    const edit = await post('/servers/currenttime/delete', { revision: '0' }, { headers });
    expect(edit.status === 403).toBe(status === 403);
  });

  test('A body that is not a form of a browser is rejected, and so is one that is too large', async () => {
    const send = async (headers: Record<string, string>, body: string) => {
      const all = { 'X-Mcp-Assertion': await signer.sign(admin), Accept: 'text/html', ...ours, ...headers };
      const answer = await fetch(`${registry.url}/servers/register`, { method: 'POST', headers: all, body });
      return { status: answer.status, html: await answer.text() };
    };
    expect((await send({ 'Content-Type': 'text/plain' }, 'name=x')).status).toBe(415);
    expect((await send({ 'Content-Type': 'multipart/form-data; boundary=x' }, '--x--')).status).toBe(415);
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const large = await send(type, `name=${'x'.repeat(300_000)}`);
    expect([large.status, large.html.includes('your browser has kept what you typed')]).toEqual([413, true]);
    expect((await send({ ...type, 'Content-Encoding': 'gzip' }, 'name=x')).status).toBe(400);
  });
});

describe('Importing', () => {
  const paste = (json: string, who: object = admin) => post('/servers/register', { json, do: 'import' }, { who });
  test('A pasted server.json fills the form and registers nothing', async () => {
    const { status, html } = await paste(
      JSON.stringify({
        name: 'io.github.example/weather',
        description: 'Says the weather',
        version: '2.0.1',
        remotes: [{ type: 'streamable-http', url: 'http://127.0.0.1:8000/weather/mcp' }],
      }),
    );
    expect(status).toBe(200);
    expect([typedIn(html, 'name'), typedIn(html, 'upstream'), typedIn(html, 'mcp_path')]).toEqual([
      'weather',
      'http://127.0.0.1:8000',
      '/weather/mcp',
    ]);
    expect(typedIn(html, 'alias')).toBe('io.github.example/weather');
    expect(registry.store.get('weather')).toBeUndefined();
  });

  const entry = (name: string) => ({
    name: `io.github.example/${name}`,
    description: 'Says something',
    version: '1.0.0',
    remotes: [{ type: 'streamable-http', url: `http://127.0.0.1:8000/${name}` }],
  });

  test.each([
    ['a list', (servers: object[]) => servers],
    ['a page of the MCP registry', (servers: object[]) => ({ servers: servers.map((server) => ({ server })) })],
  ])('Twenty servers, pasted as %s, are shown first, and registered together', async (what, of) => {
    const prefix = what.startsWith('a list') ? 'listed' : 'paged';
    const names = Array.from({ length: 20 }, (_, i) => `${prefix}-${i + 1}`);
    const json = JSON.stringify(of(names.map(entry)));
    const shown = await paste(json);
    expect(shown.status).toBe(200);
    expect(shown.html).toContain('20 can be registered. Nothing is changed yet.');
    expect(registry.store.get(`${prefix}-2`)).toBeUndefined();

    const done = await post('/servers/register', { json, do: 'import-all' });
    expect(done.status).toBe(303);
    for (const name of names) expect(registry.store.get(name)?.upstream).toBe('http://127.0.0.1:8000');
  });

  test("A client's configuration with one server fills the form", async () => {
    const { status, html } = await paste('{"mcpServers":{"weather":{"url":"http://127.0.0.1:8000/mcp"}}}');
    expect([status, typedIn(html, 'name'), typedIn(html, 'mcp_path')]).toEqual([200, 'weather', '/mcp']);
  });

  test.each([
    ['{"name": ', /not JSON/],
    ['[]', /Send one server, or a list of 1 to 100/],
    ['{"servers": []}', /Send one server, or a list of 1 to 100/],
    ['"x"', /neither a server.json/],
    [
      '{"name":"io.x/y","description":"d","version":"1","packages":[{"registryType":"npm","identifier":"x","transport":{"type":"stdio"}}]}',
      /./,
    ],
  ])('%s is rejected with the reason, and stays in its field', async (json, reason) => {
    const { status, html } = await paste(json);
    expect(status).toBe(400);
    expect(faultAt(html, 'json')).toMatch(reason);
    expect(typedIn(html, 'json')).toBe(json);
  });
});

async function http(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
async function raw(answer: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    closers.push(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  closers.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const head = (length: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const flood = (start: string, piece: string) => (socket: Socket) => {
  socket.write(start);
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
};
const megabyte = 'x'.repeat(1_048_576);

describe('Testing a connection', () => {
  const tryIt = async (upstream: string, change: Record<string, string> = {}) => {
    const started = performance.now();
    const answer = await post('/servers/register', { ...good, upstream, do: 'test', ...change });
    const section = answer.html.slice(answer.html.indexOf('id="connection"'));
    return { ...answer, took: performance.now() - started, section: section.slice(0, section.indexOf('Testing…')) };
  };

  test.each<[string, () => Promise<string>, RegExp]>([
    ['that never answers', () => raw(() => undefined), /It did not answer within 0\.7 s/],
    [
      'that begins to answer and never ends',
      () => raw((s) => void s.write(head('100'))),
      /did not answer within 0\.7 s/,
    ],
    ['that sends a gigabyte', () => raw(flood(head('1073741824'), megabyte)), /It sent more than 4 MB/],
    [
      'that sends for ever, in chunks',
      () => raw(flood('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n', `data: ${megabyte}\n\n`)),
      /more than 4 MB|did not answer/,
    ],
    [
      'that lies about its length and hangs up',
      () => raw((s) => void s.end(`${head('5000')}{"jsonrpc"`)),
      /closed the connection|did not answer/,
    ],
    [
      'that redirects elsewhere',
      () => http((_req, res) => void res.writeHead(302, { location: 'http://169.254.169.254/' }).end()),
      /It answered HTTP 302 instead of MCP/,
    ],
    [
      'that wants a credential',
      () => http((_req, res) => void res.writeHead(401).end()),
      /It wants credentials of its own \(HTTP 401\)/,
    ],
    [
      'that is no MCP server',
      () => http((_req, res) => void res.end('<html>')),
      /did not answer as an MCP server does/,
    ],
    ['where nothing listens', async () => 'http://127.0.0.1:1', /Nothing listens at its address/],
  ])('A server %s: the page answers in time and shows each step', async (_what, start, reason) => {
    const { status, section, took } = await tryIt(await start(), { sse_path: '/sse' });
    expect(status).toBe(200);
    expect(section).toContain('It does not work yet.');
    expect(section).toContain('You can register it all the same.');
    expect(section).toMatch(reason);
    expect(section).toContain('failed');
    expect(took).toBeLessThan(20_000);
    expect(registry.store.get('notes')).toBeUndefined();
  });

  test.each([
    ['a metadata service', { upstream: 'http://169.254.169.254' }, 'upstream', /metadata/],
    ['a name that cannot be resolved', { upstream: 'http://nowhere.invalid' }, 'upstream', /cannot be resolved/],
    ['a secret that does not exist', { secret: 'none' }, 'secret', /no secret called/],
  ])('%s is not contacted', async (_what, change, field, reason) => {
    const { html, section } = await tryIt(good.upstream, change);
    expect(section).toContain('The gateway cannot connect.');
    expect(faultAt(html, field)).toMatch(reason);
  });

  test('Without an address there is nothing to test, and other fields may still be empty', async () => {
    const { status, html, section } = await tryIt('', { name: '', title: '' });
    expect(status).toBe(400);
    expect(section).toContain('There is nothing to connect to yet. Address:');
    expect(faultAt(html, 'title')).toBeUndefined();
  });

  test('The test warns of a name that is taken or was used before', async () => {
    const taken = faultAt((await tryIt('http://127.0.0.1:1', { name: 'currenttime' })).html, 'name');
    expect(taken).toBe('There is a server "currenttime" already. Try currenttime-2.');
    const revision = String(registry.store.get('currenttime')?.revision);
    await post('/servers/currenttime/delete', { revision });
    expect((await tryIt('http://127.0.0.1:1', { name: 'currenttime' })).section).toContain('Rules of the policy');
  });

  const evil = '<script>alert(1)</script>\\u202e\\u200b';
  const introducing = (serverInfo: string, instructions = '') =>
    http(
      hostileMcp({
        initialize: () =>
          `{"protocolVersion":"2025-11-25","serverInfo":${serverInfo},"capabilities":${capabilities},"instructions":"${instructions}"}`,
        'tools/list': () => `{"tools":[{"name":"${evil}","description":"${evil}"},{"name":"get_note"}]}`,
      }),
    );
  const empty = { name: '', title: '', description: '', mcp_path: '' };

  test('An address alone is enough: the first form tests it and comes back filled in, the second one registers', async () => {
    const upstream = `${await introducing('{"name":"notes","title":"Notes","version":"1.8.0","description":"Keeps notes"}')}/mcp`;
    for (const press of ['test', 'save']) {
      const { status, html } = await post('/servers/register', { ...empty, upstream, do: press });
      const filled = ['name', 'title', 'description', 'version'].map((field) => typedIn(html, field));
      expect([press, status, filled]).toEqual([press, 200, ['notes', 'Notes', 'Keeps notes', '1.8.0']]);
      expect(registry.store.get('notes')).toBeUndefined();
      expect(html).toContain('filled in from the server');
      expect(html).toContain('Only administrators at first: people in mcp-registry-admin.');
    }
    const sent = { name: 'notes', title: 'Notes', description: 'Keeps notes', version: '1.8.0', enabled: 'on' };
    const { status, location } = await post('/servers/register', { ...sent, upstream, do: 'save' });
    expect(status).toBe(303);
    const { html } = await get(location ?? '');
    expect(html).toContain('Only administrators may use it yet: people in mcp-registry-admin.');
    expect(html).toContain('href="/servers/notes/access">Give access…</a>');
  });

  test('What a server says of itself is shown as text, and only fills what is empty', async () => {
    const upstream = await introducing(`{"name":"${evil}","version":"${evil}"}`, evil);
    const headers = { 'X-Mcp-Assertion': await signer.sign(admin), Accept: 'text/html', ...ours };
    const body = new URLSearchParams({ ...empty, title: 'Mine', upstream, do: 'test' });
    const html = await (await fetch(`${registry.url}/servers/register`, { method: 'POST', headers, body })).text();
    expect(html).not.toContain('<script>alert');
    expect(html).not.toMatch(/[\u202e\u200b]/);
    expect(html).toContain('2 tools found');
    expect([typedIn(html, 'name'), typedIn(html, 'title')]).toEqual(['script-alert-1-script', 'Mine']);
  });

  test('A name that is taken is filled in as a free one, and one that was typed gets a suggestion', async () => {
    const upstream = await introducing('{"name":"currenttime","version":"1"}');
    const { html } = await tryIt(upstream, empty);
    expect([typedIn(html, 'name'), faultAt(html, 'name')]).toEqual(['currenttime-2', undefined]);
    expect(html).toContain('There is a server “currenttime” already.');
    const { status, html: refused } = await post('/servers/register', { ...good, name: 'currenttime' });
    expect([status, faultAt(refused, 'name')]).toEqual([
      409,
      'There is a server "currenttime" already. Try currenttime-2.',
    ]);
  });

  test('A person who may register some names only gets one of them filled in, and reads what they may not do', async () => {
    const upstream = await introducing('{"name":"notes","version":"1"}');
    const { html } = await post('/servers/register', { ...empty, upstream, do: 'test' }, { who: team });
    expect(typedIn(html, 'name')).toBe('team-notes');
    const limits = 'but not delete it or call its tools. Ask an administrator for that.';
    expect(html).toContain(limits);
    expect((await get('/register', team)).html).toContain(limits);
    const { location } = await post('/servers/register', { ...good, name: 'team-a' }, { who: team });
    expect((await get(location ?? '', team)).html).toContain(
      'You may not delete it or call its tools. Ask an administrator for that.',
    );
  });

  test('Only a limited number of tests runs at once; further ones are asked to wait', async () => {
    const upstream = await raw(() => undefined);
    const all = await Promise.all(Array.from({ length: 10 }, () => tryIt(upstream)));
    const waited = all.filter(({ section }) => section.includes('Try again in a few seconds'));
    expect(waited).toHaveLength(2);
  });
});

test('A refusal without a field is shown above the form', async () => {
  const error = new RegistryError('route_refused', 'no');
  expect(error.status).toBe(422);
  refusal = 'x';
  expect((await post('/servers/register', good)).html).toContain('One thing is wrong. Nothing was saved.');
});
