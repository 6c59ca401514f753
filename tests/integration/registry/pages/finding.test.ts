import { settingsOf } from '../../../../registry/servers/server.ts';
import {
  admin,
  neverChecked,
  signer,
  startRegistry,
  storeOf,
  toolOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

const titles = ['Zebra', 'Apple', 'Mango'];
const entry = (title: string, tags: string[]) => `
- name: ${title.toLowerCase()}
  title: ${title}
  description: About ${title}
  upstream: http://127.0.0.1:8000
  transports: { streamable-http: /mcp }
  tags: [${tags.join(', ')}]
`;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  const store = await storeOf(titles.map((title, number) => entry(title, ['all', `tag${number}`])).join(''));
  const broken = { ...neverChecked, status: 'unhealthy' as const, error: 'It is away.' };
  const healthOf = (name: string) =>
    name === 'mango' ? broken : { ...neverChecked, tools: [toolOf(`${name}_tool`), toolOf('shared_tool')] };
  registry = await startRegistry(signer.keys, { store, healthOf });
});
afterAll(() => registry.close());

const html = async (path: string, who: object = admin) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' };
  return await (await fetch(registry.url + path, { headers })).text();
};
const rowsOf = (text: string) => [...text.matchAll(/<li id="row-([a-z-]+)"/g)].map(([, name]) => name);

describe('The list', () => {
  test.each([
    ['', ['mango', 'apple', 'zebra']],
    ['?sort=name', ['apple', 'mango', 'zebra']],
    ['?tag=tag0', ['zebra']],
    ['?tag=all&sort=name', ['apple', 'mango', 'zebra']],
    ['?tag=none', []],
    ['?sort=<b>&tag=all', ['mango', 'apple', 'zebra']],
  ])('with %s shows the servers with the tag, in the order', async (query, names) => {
    expect(rowsOf(await html(`/${query}`))).toEqual(names);
  });

  test('sorted by the last change begins with the server that was changed last', async () => {
    const { store } = registry;
    const apple = store.get('apple');
    if (!apple) throw new Error('there is no apple');
    const next = { ...settingsOf(apple), version: '2' };
    const by = { sub: 'u', username: 'u' };
    await store.change({ name: 'apple', revision: apple.revision, next, action: 'edit', by });
    expect(rowsOf(await html('/?sort=changed'))[0]).toBe('apple');
  });

  test('offers the tags of visible servers with their numbers, the most frequent first, and keeps the rest of the query', async () => {
    const text = await html('/?q=about&show=issues&sort=name');
    const menu = [...text.matchAll(/<a href="([^"]*)">([^<]*) <span class="number">(\d+)/g)].map(
      ([, href, tag, count]) => [String(href).replaceAll('&amp;', '&'), tag, count],
    );
    expect(menu[0]).toEqual(['/?q=about&show=issues&tag=all&sort=name', 'all', '3']);
    expect(menu.map(([, tag]) => tag)).toEqual(['all', 'tag0', 'tag1', 'tag2']);
    expect(text).toContain('<input type="hidden" name="sort" value="name">');
    expect(await html('/', user)).not.toContain('tag0');
  });
});

describe('My rights', () => {
  const found = (text: string) =>
    [...text.matchAll(/<th scope="row"><a class="plain-link" href="\/servers\/([a-z]+)"/g)].map(([, name]) => name);

  test.each([
    ['', ['apple', 'mango', 'zebra']],
    ['?find=ZEB', ['zebra']],
    ['?find=shared_tool', ['apple', 'zebra']],
    ['?find=shared+apple', ['apple']],
    ['?page=99', ['apple', 'mango', 'zebra']],
  ])('with %s shows the servers that have the words in their name or their tools', async (query, names) => {
    expect(found(await html(`/rights${query}`))).toEqual(names);
  });

  test('says that nothing was found, and keeps what was typed', async () => {
    const text = await html('/rights?find=%3Cb%3Ex');
    expect(text).toContain('No server that you see has “&lt;b&gt;x” in its name or its tools.');
    expect(text).toContain('name="find" value="&lt;b&gt;x"');
    expect(text).not.toContain('<b>x');
  });
});

test('My rights shows 50 of many servers, and leads to the others', async () => {
  const many = Array.from({ length: 120 }, (_, number) => entry(`Server${String(number).padStart(3, '0')}`, []));
  const own = await startRegistry(signer.keys, { store: await storeOf(many.join('')) });
  const headers = { 'X-Mcp-Assertion': await signer.sign(admin), Accept: 'text/html' };
  const get = async (path: string) => (await fetch(own.url + path, { headers })).text();
  const rows = (text: string) =>
    [...text.matchAll(/<a class="plain-link" href="\/servers\/(server\d+)"/g)].map(([, name]) => name);
  const first = await get('/rights');
  expect([rows(first).length, rows(first)[0]]).toEqual([50, 'server000']);
  expect(first).toMatch(/rel="next" href="\/rights\?page=2#servers"/);
  const last = await get('/rights?find=server&page=3');
  expect([rows(last).length, rows(last).at(-1)]).toEqual([20, 'server119']);
  expect(last).toMatch(/rel="prev" href="\/rights\?find=server&amp;page=2#servers"/);
  await own.close();
});
