import request from 'supertest';
import { createApprovedDefinitions } from '../../../../registry/pins/approved-definitions.ts';
import { targetOf } from '../../../../registry/servers/server.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import { toObservedTools } from '../../../../registry/servers/tool.ts';
import {
  admin,
  neverChecked,
  recordingLog,
  signer,
  startRegistry,
  storeOf,
  stranger,
  toolOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

let registry: Awaited<ReturnType<typeof startRegistry>>;

const now = new Date('2026-11-23T04:26:19Z');
const health: Record<string, Health> = {
  currenttime: {
    status: 'healthy',
    checkedAt: new Date('2026-11-23T04:26:07Z'),
    error: null,
    tools: [toolOf('current_time_by_timezone', { title: 'Clock', description: 'Current time' })],
  },
  'secret-plans': { status: 'unhealthy', checkedAt: now, error: 'It closed the connection.', tools: [] },
};

beforeAll(async () => {
  registry = await startRegistry(signer.keys, { healthOf: (name) => health[name] ?? neverChecked, now: () => now });
});
afterAll(() => registry.close());

const page = async (path: string, who: object, url = registry.url) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' };
  const answer = await fetch(url + path, { headers });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
};

test('The list shows a server with its state in words, its tools and its address, and its page how old that is', async () => {
  const { status, html } = await page('/', user);
  expect(status).toBe(200);
  expect(html).toContain('<a href="/servers/currenttime">Current time</a>');
  expect(html).toMatch(/class="state healthy">[\s\S]*?<\/svg>Healthy/);
  expect(html).toMatch(/tools-count">1<span class="unit"> tool<\/span>/);
  expect((await page('/servers/currenttime', user)).html).toContain(
    '<time datetime="2026-11-23T04:26:07.000Z" title="2026-11-23 04:26:07 UTC" data-ago>12 s ago</time>',
  );
});

test('Pages show the chosen name of a person, and beside what it did also the user name', async () => {
  const own = await startRegistry(signer.keys);
  const who = { ...admin, username: 'google_10482', shown_name: 'Ann <Example>' };
  expect((await page('/', who, own.url)).html).toContain('<strong>Ann &lt;Example&gt;</strong>');
  expect((await page('/rights', who, own.url)).html).toMatch(/Ann &lt;Example&gt;<\/strong> .*google_10482/);
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json' };
  const me = await (await fetch(`${own.url}/api/me`, { headers })).json();
  expect(me).toMatchObject({ username: 'google_10482', shown_name: 'Ann <Example>' });
  await own.close();
});

test.each([
  // Problems first: it closed the connection.
  ['an admin', admin, ['Secret plans', 'Current time']],
  ['a user', user, ['Current time']],
  ['a person without groups', stranger, []],
])('%s sees only the servers that list_service names', async (_who, claims, titles) => {
  const { html } = await page('/', claims);
  expect([...html.matchAll(/<div class="name"><a href="\/servers\/[^"]+">([^<]+)</g)].map((m) => m[1])).toEqual(titles);
});

test('The health of a server names every state that it has been in', async () => {
  const about = { title: 'Clock', description: 'Time', upstream: 'http://127.0.0.1:8000' };
  const transports = { 'streamable-http': '/mcp' };
  const store = await storeOf(JSON.stringify([{ name: 'currenttime', ...about, transports }]));
  const own = await startRegistry(signer.keys, { store, now: () => now });
  const server = store.get('currenttime');
  if (!server) throw new Error('there is no currenttime');
  type Observation = Parameters<typeof store.observations.add>[0][number];
  const words: Record<Observation['events'][number]['state'], string> = {
    healthy: 'healthy',
    slow: 'healthy, slow',
    unstable: 'one check failed',
    degraded: 'degraded',
    unhealthy: 'unhealthy',
    'needs-authentication': 'needs authentication',
    unknown: 'not checked',
  };
  const states = Object.keys(words) as (keyof typeof words)[];
  const events = states.map((state, i) => ({ at: new Date(now.getTime() + i), state, latencyMs: null, reason: null }));
  const state: Observation['state'] = {
    status: 'healthy',
    failures: 0,
    error: null,
    since: now.toISOString(),
    latencyMs: 7,
    checks: [],
  };
  const observation = { server: 'currenttime', target: targetOf(server), checkedAt: now, state, answer: undefined };
  await store.observations.add([{ ...observation, events, samples: [] }], now);
  const { status, html } = await page('/servers/currenttime/health', admin, own.url);
  expect(status).toBe(200);
  for (const word of Object.values(words)) expect(html).toContain(`</svg>${word}</span>`);
  await own.close();
});

test('The page of a server shows every endpoint, its tools, and a configuration to copy', async () => {
  expect((await page('/servers/currenttime', user)).html).toContain('current_time_by_timezone');
  const { html } = await page('/servers/currenttime/connect?client=others', user);
  expect(html).toContain('http://localhost:8080/currenttime/sse');
  expect(html).toContain('<code id="config-others">http://localhost:8080/currenttime/mcp</code>');
});

test('The page of a server that is down shows the reason and never where it runs', async () => {
  for (const tab of ['', '/connect', '/access', '/health', '/history']) {
    const { status, html } = await page(`/servers/secret-plans${tab}`, admin);
    expect([tab, status]).toEqual([tab, 200]);
    expect(html).toContain('It closed the connection.');
    expect(html).not.toMatch(/plans\.internal|:9000|\/deep/);
  }
});

test('A server that may not be seen has the same page as one that does not exist', async () => {
  for (const tab of ['', '/health', '/history']) {
    const hidden = await page(`/servers/secret-plans${tab}`, user);
    const missing = await page(`/servers/no-such${tab}`, user);
    expect(hidden.status).toBe(404);
    expect([missing.status, missing.html]).toEqual([hidden.status, hidden.html]);
  }
});

test('A person in a group that grants nothing reads which groups they have and what to ask for', async () => {
  const { html } = await page('/', { ...stranger, groups: ['night-shift', 'day-shift'] });
  expect(html).toContain('<code>night-shift</code>, <code>day-shift</code>');
  expect(html).toContain('None of them grants <code>list_service</code>');
  expect(html).toContain('Ask an administrator');
});

test('Every page shows who is signed in, and a form to sign out', async () => {
  for (const path of ['/', '/servers/currenttime', '/nowhere']) {
    const { html } = await page(path, user);
    expect(html).toContain('<strong>bob</strong>');
    expect(html).toContain('<form method="post" action="/oauth2/logout/cognito">');
  }
});

test('An unknown address is a 404 page, also if it cannot be decoded', async () => {
  for (const path of ['/nowhere', '/servers/', '/servers/%E0%A4%A', '/Servers/currenttime']) {
    const { status, html } = await page(path, user);
    expect([path, status]).toEqual([path, 404]);
    expect(html).toContain('<h1>Not found</h1>');
  }
});

test('An internal error is a 500 page without details, and is logged', async () => {
  const broken = await startRegistry(signer.keys, {
    healthOf: () => {
      throw new Error('disk on fire at /srv/secret');
    },
  });
  try {
    const { status, html } = await page('/', admin, broken.url);
    expect(status).toBe(500);
    expect(html).toContain('Something went wrong');
    expect(html).not.toContain('disk on fire');
    expect(broken.lines.join('')).toContain('disk on fire');
  } finally {
    await broken.close();
  }
});

/** The gateway's own scripts, each in its own file. */
const ownScripts = /<script (?:type="module" )?src="\/static\/[\w-]+\.[0-9a-f]{16}\.js"(?: defer)?><\/script>/g;

test('Pages have the strict content security policy, are not cached, and have no inline script or style', async () => {
  const { headers, html } = await page('/', admin);
  expect(
    headers
      .get('content-security-policy')
      ?.split(';')
      .map((d) => d.trim()),
  ).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('referrer-policy')).toBe('same-origin');
  expect(headers.has('x-powered-by')).toBe(false);
  expect(html.replace(ownScripts, '')).not.toMatch(/<script|<style|\sstyle=|\son\w+=/i);
});

test('The stylesheet is cached for ever under a name with its hash, and the icon for an hour', async () => {
  const { html } = await page('/', admin);
  const href = /href="(\/static\/design\.[0-9a-f]{16}\.css)"/.exec(html)?.[1] ?? '';
  const style = await page(href, admin);
  expect(style.status).toBe(200);
  expect(style.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8');
  const icon = await page('/static/icon.svg', admin);
  expect([icon.status, icon.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
  expect(icon.headers.get('cache-control')).toBe('public, max-age=3600');
  // Without fetch, which adds "Cache-Control: no-cache" to a conditional request.
  const again = await request(registry.url)
    .get('/static/icon.svg')
    .set({ 'X-Mcp-Assertion': await signer.sign(admin), 'If-None-Match': icon.headers.get('etag') ?? '' });
  expect(again.status).toBe(304);
  expect((await page('/static/..%2Fservers.yml', admin)).status).toBe(404);
});

test('Names of servers and people are shown as text', async () => {
  const evil = `"><script>alert(1)</script>'&`;
  const store = await storeOf(
    JSON.stringify([
      {
        name: 'evil',
        title: evil,
        description: evil,
        upstream: 'http://127.0.0.1:8000',
        transports: { 'streamable-http': '/mcp' },
        tags: [evil],
        version: evil,
        license: evil,
        repository: 'https://example.com/%22%3E%3Cscript%3E',
        icons: [{ src: 'https://example.com/%22%3E%3Cscript%3E.png', sizes: ['any'] }],
      },
    ]),
  );
  const hostile = { [evil]: { type: [evil], description: evil, default: evil, enum: [evil] }, plain: { $ref: evil } };
  const inputSchema = { type: 'object', properties: hostile, required: [evil] };
  const tools = [toolOf(evil, { title: evil, description: evil, inputSchema, annotations: { title: evil } })];
  const item = { name: evil, uri: evil, uriTemplate: evil, title: evil, description: evil, mimeType: evil };
  const definitions = await createApprovedDefinitions(store.definitions, recordingLog().log);
  await definitions.observe('evil', toObservedTools([]));
  await definitions.observe('evil', toObservedTools([{ name: evil, description: evil, inputSchema }]));
  const details = {
    unstable: false,
    latencyMs: 1,
    checks: [
      {
        transport: 'streamable-http' as const,
        status: 'unhealthy' as const,
        steps: [{ step: 'reach' as const, state: 'failed' as const, reason: evil, ms: 1 }],
      },
    ],
    since: now,
    announced: {
      name: evil,
      title: evil,
      version: evil,
      protocolVersion: evil,
      era: evil,
      instructions: evil,
      capabilities: {},
      prompts: [{ ...item, arguments: [{ name: evil, required: evil }] }],
      resources: [item],
      resourceTemplates: [item],
    },
    seenAt: now,
  };
  const own = await startRegistry(signer.keys, {
    store,
    definitions,
    healthOf: () => ({ status: 'unhealthy', checkedAt: now, error: evil, tools, details }),
  });
  try {
    const who = { ...admin, username: evil, groups: [evil] };
    for (const path of [
      '/',
      `/?q=${encodeURIComponent(evil)}`,
      '/?q=script',
      '/servers/evil',
      '/servers/evil/health',
      '/servers/evil/access',
      '/servers/evil/history',
      '/servers/evil/connect',
    ]) {
      const html = (await page(path, who, own.url)).html.replace(ownScripts, '');
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(html).not.toContain('<script');
      expect(html).not.toContain(evil);
    }
    const groupless = await page('/', { ...stranger, username: evil, groups: [evil] }, own.url);
    expect(groupless.html.replace(ownScripts, '')).not.toContain('<script');
  } finally {
    await own.close();
  }
});
