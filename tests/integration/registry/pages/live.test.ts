import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { targetOf } from '../../../../registry/servers/server.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import {
  admin,
  signer,
  startRegistry,
  storeOf,
  stranger,
  toolOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

let registry: Awaited<ReturnType<typeof startRegistry>>;
const up: Health = { status: 'healthy', checkedAt: new Date(), error: null, tools: [toolOf('look')] };
const health: Record<string, Health> = {};

beforeAll(async () => {
  registry = await startRegistry(signer.keys, { healthOf: (name) => health[name] ?? up });
});
afterAll(() => registry.close());
beforeEach(() => {
  for (const name of Object.keys(health)) delete health[name];
});

const down = (): Health => ({
  ...up,
  status: 'unhealthy',
  error: 'It <closed> the connection.',
  checkedAt: new Date(),
});

/** Opens a stream; `next` waits for an event, and is undefined when the stream has ended. */
async function listen(who: object, path = '/-/live', headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const answer = await fetch(registry.url + path, {
    headers: { 'X-Mcp-Assertion': await signer.sign(who), ...headers },
    signal: stop.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<{ id: string; html: string } | undefined> => {
    for (;;) {
      const [, id, data] = /^id: (.*)\n((?:data: .*\n)+)\n/m.exec(text) ?? [];
      if (id !== undefined && data !== undefined) {
        text = text.slice(text.indexOf(data) + data.length);
        return { id, html: data.replaceAll(/^data: /gm, '') };
      }
      const read = await reader?.read();
      if (!read || read.done) return undefined;
      text += read.value;
    }
  };
  return { status: answer.status, type: answer.headers.get('content-type'), next, stop: () => stop.abort() };
}

const liveOf = async (path: string, who: object) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' };
  const html = await (await fetch(registry.url + path, { headers })).text();
  return (/hx-sse:connect="([^"]+)"/.exec(html)?.[1] ?? '').replaceAll('&amp;', '&');
};

test('An open list whose server goes down gets the counts, and the list, because the server moves to another group', async () => {
  const stream = await listen(admin, await liveOf('/', admin));
  expect([stream.status, stream.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
  health['secret-plans'] = down();
  const event = await stream.next();
  expect(event?.html.match(/hx-target="#[\w-]+"/g)).toEqual(['hx-target="#results"', 'hx-target="#states"']);
  expect(event?.html).toContain('It &lt;closed&gt; the connection.');
  expect(event?.html).not.toContain('/plans.internal');
  health['secret-plans'] = { ...down(), error: 'It answers nonsense.' };
  const next = await stream.next();
  expect(next?.html.match(/hx-target="#[\w-]+"/g)).toEqual(['hx-target="#row-secret-plans"']);
  expect(next?.html).toContain('It answers nonsense.');
  stream.stop();
});

test('A browser that connects again says what it has, and gets only what is new', async () => {
  const first = await listen(admin, await liveOf('/', admin));
  health.currenttime = down();
  health['secret-plans'] = down();
  const id = (await first.next())?.id ?? '';
  first.stop();
  health['secret-plans'] = { ...down(), error: 'It answers nonsense.' };
  const second = await listen(admin, '/-/live', { 'Last-Event-ID': id });
  const event = await second.next();
  expect(event?.html).toContain('row-secret-plans');
  expect(event?.html).not.toContain('row-currenttime');
  second.stop();
});

test('A stream sends nothing about a server that its reader may not see', async () => {
  const stream = await listen(user, await liveOf('/', user));
  health['secret-plans'] = down();
  health.currenttime = down();
  const event = await stream.next();
  expect(event?.html).toContain('row-currenttime');
  expect(event?.html).not.toContain('secret');
  stream.stop();
  expect((await listen(user, '/-/live?server=secret-plans')).status).toBe(404);
  expect((await listen(stranger, '/-/live?server=currenttime')).status).toBe(404);
});

test('The page of a server gets its state, and what its tab shows', async () => {
  const stream = await listen(user, await liveOf('/servers/currenttime', user));
  health.currenttime = { ...up, checkedAt: new Date(), tools: [toolOf('look'), toolOf('brand_new_tool')] };
  const event = await stream.next();
  expect(event?.html.match(/hx-target="#[\w-]+"/g)).toEqual([
    'hx-target="#server-state"',
    'hx-target="#server-tabs"',
    'hx-target="#server-tools"',
  ]);
  expect(event?.html).toContain('brand_new_tool');
  stream.stop();
  const onHealth = await listen(user, await liveOf('/servers/currenttime/health', user));
  health.currenttime = { ...down(), tools: [] };
  const other = await onHealth.next();
  expect(other?.html.match(/hx-target="#[\w-]+"/g)).toEqual([
    'hx-target="#server-state"',
    'hx-target="#server-tabs"',
    'hx-target="#server-health"',
  ]);
  onHealth.stop();
});

test('The page of a server gets its history each time that a check is stored', async () => {
  const stream = await listen(user, await liveOf('/servers/currenttime/health', user));
  const server = registry.store.get('currenttime');
  if (!server) throw new Error('no server');
  const state = { status: 'healthy', failures: 0, error: null, since: '2026-11-23', latencyMs: 1, checks: [] } as const;
  for (let round = 0; round < 2; round++) {
    const at = new Date();
    const found = {
      server: server.name,
      target: targetOf(server),
      checkedAt: at,
      state,
      answer: undefined,
      events: [],
    };
    await registry.store.observations.add([{ ...found, samples: [{ at, ok: true, ms: 1 }] }], at);
    const event = await stream.next();
    expect(event?.html.match(/hx-target="#[\w-]+"/g)).toEqual(['hx-target="#server-health"']);
  }
  stream.stop();
});

test('A stream requires an identity, and the streams of one person are limited', async () => {
  expect((await fetch(`${registry.url}/-/live`)).status).toBe(401);
  const streams = await Promise.all(Array.from({ length: 13 }, () => listen(stranger)));
  expect(streams.map(({ status }) => status).filter((status) => status === 429)).toHaveLength(1);
  for (const stream of streams) stream.stop();
});

test('A list of 500 servers comes in pages, quickly, and no larger than a screen needs', async () => {
  const many = Array.from({ length: 500 }, (_, i) => ({
    name: `server-${i}`,
    title: `Server number ${i}`,
    description: `It knows everything about subject ${i}, and answers questions about it in a sentence or two.`,
    upstream: 'http://127.0.0.1:8000',
    transports: { 'streamable-http': '/mcp' },
    tags: ['subjects', `number-${i % 7}`],
  }));
  const store = await storeOf(JSON.stringify(many));
  const rights = '{ list_service: [all], health_check_service: [all], toggle_service: [all], modify_service: [all] }';
  const policy = parsePolicy(`group_mappings: {}\nUI-Scopes:\n  mcp-registry-admin: ${rights}\n`);
  const large = await startRegistry(signer.keys, { store, policy: () => policy, healthOf: () => up });
  try {
    const headers = { 'X-Mcp-Assertion': await signer.sign(admin), Accept: 'text/html' };
    const times: number[] = [];
    let bytes = 0;
    for (let i = 0; i < 21; i++) {
      const start = performance.now();
      const answer = await fetch(`${large.url}/?page=${(i % 10) + 1}`, { headers });
      times.push(performance.now() - start);
      bytes = Math.max(bytes, (await answer.arrayBuffer()).byteLength);
    }
    const median = times.sort((a, b) => a - b)[10] ?? 0;
    process.stdout.write(
      `500 servers: ${Math.round(bytes / 1000)} kB a page, first byte after ${Math.round(median)} ms\n`,
    );
    expect(bytes).toBeLessThan(150_000);
    expect(median).toBeLessThan(1_000);
    const last = await (await fetch(`${large.url}/?page=999`, { headers })).text();
    expect(last).toContain('Page 10 of 10, 500 servers');
    const found = await (await fetch(`${large.url}/?q=number-3`, { headers })).text();
    expect(found.match(/<li id="row-/g)?.length).toBeGreaterThan(10);
  } finally {
    await large.close();
  }
});
