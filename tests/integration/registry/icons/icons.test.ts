import { gzipSync } from 'node:zlib';
import { createIcons, type Icons } from '../../../../registry/icons/icons.ts';
import { useClock } from '../../../support/clock.ts';
import { listen, until } from '../../../support/listen.ts';
import { png } from '../../../support/registry/pictures.ts';
import { admin, recordingLog, signer, startRegistry, user } from '../../../support/registry/registry-fixture.ts';

const clock = useClock();
const picture = png(48);
const page = Buffer.from('<!doctype html><script>alert(1)</script>');
const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

/** What the server answers at each path. `inner` counts what reaches an address that it redirects to. */
const asked: string[] = [];
const seen: Record<string, string | undefined> = {};
let ended = 0;
let inner = 0;
let server: Awaited<ReturnType<typeof listen>>;
let elsewhere: Awaited<ReturnType<typeof listen>>;

// Each test has servers of its own: a request of the test before may be late.
beforeEach(async () => {
  elsewhere = await listen((_req, res) => {
    inner += 1;
    res.end(picture);
  });
  server = await listen((req, res) => {
    const path = req.url ?? '';
    asked.push(path);
    Object.assign(seen, {
      authorization: req.headers.authorization,
      cookie: req.headers.cookie,
      host: req.headers.host,
    });
    const send = (type: string, bytes: string | Buffer, more = {}) =>
      res.writeHead(200, { 'content-type': type, ...more }).end(bytes);
    if (path.startsWith('/good')) return void send('text/html', picture);
    if (path === '/page.png') return void send('image/png', page);
    if (path === '/svg') return void send('image/png', svg);
    if (path === '/big') return void send('image/png', Buffer.concat([picture, Buffer.alloc(10_000_000)]));
    if (path === '/bomb')
      return void send('image/png', gzipSync(Buffer.concat([picture, Buffer.alloc(10_000_000)])), {
        'content-encoding': 'gzip',
      });
    if (path === '/metadata')
      return void res.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(picture);
    if (path === '/redirect')
      return void res.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/good` }).end(picture);
    if (path !== '/drip') return void res.writeHead(404).end(picture);
    res.writeHead(200, { 'content-type': 'image/png' }).write(picture.subarray(0, 20));
    const timer = setInterval(() => res.write('.'), 100);
    res.once('close', () => {
      clearInterval(timer);
      ended += 1;
    });
  });
});
let icons: Icons | undefined;
let sources: Record<string, string | undefined> = {};
let upstreams: Record<string, string> = {};
const { log, lines } = recordingLog();

/** Starts the icons of servers, each with the address of its icon. */
function start(named: Record<string, string>, intervalMs = 20): Icons {
  sources = { ...named };
  const own = `http://127.0.0.1:${server.port}`;
  upstreams = {};
  icons = createIcons({
    servers: () =>
      Object.keys(sources).map((name) => ({
        ...{ name, title: name, description: name, tags: [], transports: {} },
        upstream: upstreams[name] ?? own,
      })),
    sourceOf: (name) => sources[name],
    upstreamOf: () => ({ addresses: [`127.0.0.1:${server.port}`] }),
    ...{ intervalMs, log },
  });
  icons.start();
  return icons;
}
beforeEach(() => {
  asked.length = 0;
  lines.length = 0;
});
afterEach(async () => {
  icons?.stop();
  await Promise.all([server.close(), elsewhere.close()]);
});

const here = (path: string) => `http://127.0.0.1:${server.port}${path}`;
const failures = () => lines.filter((line) => line.includes('the icon of a server cannot be used'));

test('The picture of a server is kept, judged by its bytes, and asked for once a day', async () => {
  const { of, find } = start({ good: here('/good'), data: `data:image/webp;base64,${picture.toString('base64')}` });
  expect(await until(() => of('good') && of('data'))).toBe(true);
  const hash = of('good') ?? '';
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(find(hash)).toEqual({ picture: { hash, type: 'image/png', bytes: picture }, servers: ['good', 'data'] });
  expect(asked).toEqual(['/good']);
  expect([seen.authorization, seen.cookie, seen.host]).toEqual([undefined, undefined, `127.0.0.1:${server.port}`]);
  clock.advance(86_401);
  expect(await until(() => asked.length === 2)).toBe(true);
});

test.each([
  ['a page that calls itself a PNG', '/page.png', /no still PNG/],
  ['an SVG that calls itself a PNG', '/svg', /no still PNG/],
  ['10 MB', '/big', /more than 65536 bytes/],
  ['10 MB that were compressed', '/bomb', /more than 65536 bytes/],
  ['a redirect to the metadata service', '/metadata', /HTTP 302/],
  ['a redirect to another server', '/redirect', /HTTP 307/],
  ['status 404', '/missing', /HTTP 404/],
])('A server that sends %s has no icon, and the registry asks nothing else', async (_what, path, reason) => {
  const { of } = start({ bad: here(path), good: here('/good') });
  expect(await until(() => failures().length > 0 && of('good'))).toBe(true);
  expect(failures()[0]).toMatch(reason);
  expect([of('bad'), inner]).toEqual([undefined, 0]);
  expect(new Set(asked)).toEqual(new Set([path, '/good']));
});

test.each([
  ['at the metadata service', 'http://169.254.169.254/latest/meta-data'],
  ['at another port of its machine', 'http://127.0.0.1:{elsewhere}/good'],
  ['of another scheme', 'https://127.0.0.1:{server}/good'],
  ['with a user name', 'http://alice:secret@127.0.0.1:{server}/good'],
])('An icon %s is not asked for', async (_what, source) => {
  const { of } = start({
    bad: source.replace('{elsewhere}', String(elsewhere.port)).replace('{server}', String(server.port)),
  });
  expect(await until(() => failures().length > 0)).toBe(true);
  expect([of('bad'), inner, asked]).toEqual([undefined, 0, []]);
});

test('A server that drips does not keep the icons of others back, and its answer is ended', async () => {
  const before = ended;
  const slow = Object.fromEntries([1, 2, 3].map((number) => [`slow${number}`, here('/drip')]));
  const { of } = start({ ...slow, good: here('/good') });
  expect(await until(() => of('good'))).toBe(true);
  expect(await until(() => ended === before + 3)).toBe(true);
  expect(of('slow1')).toBeUndefined();
});

test('A server whose icon cannot be used is asked less and less often', async () => {
  start({ bad: here('/missing') }, 30_000);
  expect(await until(() => failures().length === 1)).toBe(true);
  for (const [waits, tries] of [
    [31, 1],
    [30, 2],
    [61, 2],
    [60, 3],
    [241, 4],
  ] as const) {
    clock.advance(waits);
    expect([waits, await until(() => asked.length === tries, 3_000), asked.length]).toEqual([waits, true, tries]);
    expect(await until(() => failures().length === tries)).toBe(true);
  }
});

test('A server that names another icon every moment is asked once in an interval, and has none meanwhile', async () => {
  const { of } = start({ other: here('/good?0') }, 30_000);
  expect(await until(() => of('other'))).toBe(true);
  for (let number = 1; number < 5; number++) {
    sources.other = here(`/good?${number}`);
    expect(of('other')).toBeUndefined();
  }
  expect(asked).toEqual(['/good?0']);
  clock.advance(31);
  expect(await until(() => of('other'))).toBe(true);
  expect(asked).toEqual(['/good?0', '/good?4']);
});

test('A server that moves or is deleted loses the picture of before', async () => {
  const { of } = start({ moved: here('/good'), gone: here('/good') });
  expect(await until(() => of('moved') && of('gone'))).toBe(true);
  upstreams.moved = 'http://127.0.0.1:1';
  delete sources.gone;
  expect(await until(() => !of('moved') && !of('gone'))).toBe(true);
});

test('All pictures together stay within their memory', async () => {
  const large = Buffer.concat([picture, Buffer.alloc(60_000)]).toString('base64');
  const many = Array.from({ length: 300 }, (_, number) => [`server${number}`, `data:image/png;base64,${large}`]);
  const { of } = start(Object.fromEntries(many));
  expect(await until(() => failures().length > 0)).toBe(true);
  expect(failures()[0]).toMatch(/as much memory as they may/);
  const kept = many.filter(([name]) => of(String(name))).length;
  expect(kept * (60_000 + picture.length)).toBeLessThanOrEqual(16 * 1024 * 1024);
});

describe('The address of an icon', () => {
  const hash = 'a'.repeat(64);
  const find = (asks: string) =>
    asks === hash
      ? { picture: { hash, type: 'image/png' as const, bytes: picture }, servers: ['secret-plans'] }
      : undefined;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  beforeAll(async () => {
    const of = (name: string) => (name === 'secret-plans' ? hash : undefined);
    registry = await startRegistry(signer.keys, { icons: { of, find } });
  });
  afterAll(() => registry.close());
  const get = async (who: object, path: string) =>
    await fetch(registry.url + path, { headers: { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' } });

  test('answers with the bytes, which may do nothing in a browser, and can be cached for ever', async () => {
    const answer = await get(admin, `/icons/${hash}`);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=31536000, immutable',
    });
    expect(Buffer.from(await answer.arrayBuffer()).equals(picture)).toBe(true);
  });

  test('is not found by people who may not see the server, nor for another hash, nor without a person', async () => {
    expect((await get(user, `/icons/${hash}`)).status).toBe(404);
    expect((await get(admin, `/icons/${'b'.repeat(64)}`)).status).toBe(404);
    expect((await fetch(`${registry.url}/icons/${hash}`)).status).toBe(401);
  });

  test('stands in the list and on the page of its server only, beside its name', async () => {
    const list = await (await get(admin, '/')).text();
    expect(list.match(/<img src="\/icons\/[^>]*>/g)).toHaveLength(1);
    expect(list).toContain(`SP<img src="/icons/${hash}" alt=""`);
    expect(await (await get(admin, '/servers/secret-plans')).text()).toContain(`SP<img src="/icons/${hash}" alt=""`);
    expect(await (await get(admin, '/servers/currenttime')).text()).not.toContain('/icons/');
  });
});
