import { monitorEventLoopDelay } from 'node:perf_hooks';
import { indexOf, readCorpus } from '../../../../bench/search/corpus.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { SearchableServer } from '../../../../registry/search/document.ts';
import { fuse } from '../../../../registry/search/meaning-index.ts';
import { createToolIndex } from '../../../../registry/search/tool-index.ts';
import { createToolSearch } from '../../../../registry/search/tool-search.ts';
import { whyNothing } from '../../../../registry/search/why-nothing.ts';
import { loadWords } from '../../../../registry/search/words.ts';
import { admin, signer, startRegistry, storeOf, toolOf } from '../../../support/registry/registry-fixture.ts';

const words = await loadWords();
const clock = (tools: SearchableServer['tools']): SearchableServer => ({
  server: 'box',
  title: 'Box',
  description: '',
  tags: [],
  tools,
});
const searching = async (servers: readonly SearchableServer[]) => {
  const index = createToolIndex(words);
  await index.sync(servers);
  const ask = (text: string, isVisible: (name: string) => boolean = () => true) =>
    index.search(text, ({ tool }) => isVisible(tool.name)).map(({ id }) => index.get(id)?.tool.name);
  return { index, ask };
};

describe('Words', () => {
  test.each([
    ['getStockPrice', ['stock', 'price', 'getstockprice']],
    ['get_stock-prices', ['stock', 'price', 'getstockprices']],
    ['HTTPServer2Start', ['http', 'server2', 'start', 'httpserver2start']],
    ['move_file', ['move', 'file', 'movefile']],
    ['echo', ['echo']],
  ])('of the name %s', (name, expected) => expect(words.ofName(name)).toEqual(expected));

  test.each([
    ['What time is it in Tokyo?', ['time', 'tokyo']],
    ["Please show me the repository's open issues", ['repository', 'open', 'issue']],
    ['the of and is', []],
    ['東京 の 天気', ['東京', 'の', '天気']],
    ['\u0000\u202e<script>', ['script']],
    ['', []],
  ])('of the text %j', (text, expected) => expect(words.ofText(text)).toEqual(expected));
});

describe('A tool is found', () => {
  const tools = [
    toolOf('current_time', { description: 'The time of day in a zone' }),
    toolOf('set_alarm', { title: 'Wake a person', description: 'Rings later' }),
    toolOf('timer', {
      description: 'Counts down',
      inputSchema: {
        properties: { cook: { properties: { eggs: { type: 'number', description: 'how many minutes to boil' } } } },
      },
    }),
    toolOf('time'),
  ];
  test.each([
    ['its name', 'set_alarm', 'set_alarm'],
    ['its name, written otherwise', 'SetAlarm', 'set_alarm'],
    ['its name, though others share the word', 'time', 'time'],
    ['its name within a sentence', 'please use current_time for the timer', 'current_time'],
    ['its title', 'wake me', 'set_alarm'],
    ['its description', 'ringing', 'set_alarm'],
    ['an argument', 'eggs', 'timer'],
    ['the description of an argument', 'boils', 'timer'],
    ['the beginning of a word', 'coun', 'timer'],
    ['a word with a slip', 'alram', undefined],
    ['a word with one letter wrong', 'alarn', 'set_alarm'],
    ['another word for the same', 'clock', 'current_time'],
  ])('by %s', async (_by, text, expected) => {
    const { ask } = await searching([{ ...clock(tools), server: 'x', title: 'X' }]);
    expect(ask(text)[0]).toBe(expected);
  });

  test('by its server, and by a tag of it', async () => {
    const { ask } = await searching([
      clock([toolOf('a')]),
      { ...clock([toolOf('b')]), server: 'oven', tags: ['kitchen'] },
    ]);
    expect([ask('oven'), ask('kitchen')]).toEqual([['b'], ['b']]);
  });

  test.each(['', '   ', 'the of and', '*', '(', '"', '🕐', 'zzzzqqqq', `${'a'.repeat(900)}`])(
    'never by %j, and nothing breaks',
    async (text) => {
      const { ask } = await searching([clock(tools)]);
      expect(ask(text)).toEqual([]);
    },
  );
});

describe('What a caller may not use', () => {
  test('is not found, and does not change the order of the rest', async () => {
    const corpus = readCorpus();
    const index = await indexOf(corpus);
    const mayUse = (server: string) => server !== 'github' && server !== 'email';
    for (const text of ['create an issue', 'send a message', 'search']) {
      const all = index.search(text, () => true).map(({ id }) => id);
      const some = index.search(text, ({ server }) => mayUse(server)).map(({ id }) => id);
      expect(some).toEqual(all.filter((id) => mayUse(index.get(id)?.server ?? '')));
      expect(some.length).toBeLessThan(all.length);
    }
  });

  test('does not change the score of the best hit', async () => {
    const index = await indexOf(readCorpus());
    const [best] = index.search('create an issue', ({ server }) => server === 'jira');
    expect(best?.score).toBe(1);
  });
});

describe('The index follows', () => {
  test('when tools change, come and go, and when a server does', async () => {
    const { index, ask } = await searching([clock([toolOf('ring_bell'), toolOf('tell_time')])]);
    await index.sync([clock([toolOf('ring_bell', { description: 'now a gong' }), toolOf('play_song')])]);
    expect([ask('gong'), ask('song'), ask('tell_time')]).toEqual([['ring_bell'], ['play_song'], []]);
    await index.sync([]);
    expect([ask('gong'), [...index.all()]]).toEqual([[], []]);
    await index.sync([clock([toolOf('tell_time')])]);
    expect(ask('time')).toEqual(['tell_time']);
  });

  test('and does nothing for new objects with the same content', async () => {
    const { index } = await searching([clock([toolOf('ring_bell')])]);
    const before = [...index.all()].map(([id]) => id);
    await index.sync([clock([toolOf('ring_bell')])]);
    expect([...index.all()].map(([id]) => id)).toEqual(before);
  });

  test('and finds the old tools of a server until all new ones are indexed', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) =>
      toolOf(`ring_bell_${i}`, { description: 'rings a bell '.repeat(20) }),
    );
    const { index, ask } = await searching([clock([toolOf('ring_bell')])]);
    const done = index.sync([clock(many)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ask('bell')).toEqual(['ring_bell']);
    await done;
    expect(ask('bell')).toHaveLength(2_000);
  });

  test('10,000 tools without blocking other work', async () => {
    const corpus = readCorpus();
    const many = Array.from({ length: 65 }, (_, n) =>
      corpus.map((each) => ({ ...each, server: `${each.server}-${n}` })),
    ).flat();
    const index = createToolIndex(words);
    const delay = monitorEventLoopDelay({ resolution: 2 });
    delay.enable();
    await index.sync(many);
    delay.disable();
    expect([...index.all()].length).toBeGreaterThan(10_000);
    // 35 ms on an idle machine; test machines are busy.
    expect(delay.max / 1e6).toBeLessThan(2_000);
  });
});

test('Ranked lists are merged: what ranks high in both comes first', () => {
  const order = (...ids: number[]) => ids.map((id) => ({ id }));
  expect(fuse([order(1, 2, 3), order(2, 3, 4)]).map(({ id }) => id)).toEqual([2, 3, 1, 4]);
  expect(fuse([order(7), order(7)])).toEqual([{ id: 7, score: 1 }]);
  expect(fuse([[], []])).toEqual([]);
});

const policy = parsePolicy(`
group_mappings: {g: [mcp-registry-admin], h: [see/one, call/one], i: [call/one], j: [see/one]}
UI-Scopes:
  mcp-registry-admin: {list_service: [all]}
  see/one: {list_service: [clock]}
mcp-registry-admin: [{server: "*", methods: [tools/call], tools: ["*"]}]
call/one: [{server: "*", methods: [tools/call], tools: [tell_*]}]
`);
const holding = (...scopes: string[]) => ({ ...admin, groups: [], scopes });
const serversText = JSON.stringify(
  ['clock', 'tower', 'off'].map((name, at) => ({
    name,
    title: name,
    description: `The ${name}`,
    upstream: `http://127.0.0.1:${8000 + at}`,
    transports: { 'streamable-http': '/mcp' },
    enabled: name !== 'off',
  })),
);
const tools = [toolOf('tell_time', { description: 'Tells the time' }), toolOf('set_time')];

describe('GET /api/tools/search', () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  beforeAll(async () => {
    registry = await startRegistry(signer.keys, {
      policy: () => policy,
      store: await storeOf(serversText),
      healthOf: () => ({ status: 'healthy', checkedAt: new Date(0), error: null, tools }),
    });
  });
  afterAll(() => registry.close());
  const ask = async (who: object, path: string) => {
    const answer = await fetch(`${registry.url}/api${path}`, {
      headers: { 'X-Mcp-Assertion': await signer.sign(who) },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const found = async (who: object, query: string) => {
    const { body } = await ask(who, `/tools/search?q=${query}`);
    return (body.results as { server: string; tool: string }[]).map(({ server, tool }) => `${server}/${tool}`).sort();
  };

  test('answers with everything needed for a call', async () => {
    const { status, body } = await ask(holding('see/one', 'call/one'), '/tools/search?q=time&limit=1');
    const url = 'http://localhost:8080/clock/mcp';
    expect([status, body]).toEqual([
      200,
      {
        results: [
          {
            server: 'clock',
            tool: 'tell_time',
            title: null,
            description: 'Tells the time',
            score: 1,
            input_schema: null,
            read_only: false,
            endpoints: { 'streamable-http': url },
            call: {
              url,
              transport: 'streamable-http',
              method: 'tools/call',
              params: { name: 'tell_time', arguments: {} },
            },
          },
        ],
        total: 1,
        why: null,
      },
    ]);
  });

  test('shows tools that the caller may call, of enabled servers that they may see', async () => {
    expect(await found(holding('mcp-registry-admin'), 'time')).toEqual([
      'clock/set_time',
      'clock/tell_time',
      'tower/set_time',
      'tower/tell_time',
    ]);
    expect(await found(holding('see/one', 'call/one'), 'time')).toEqual(['clock/tell_time']);
    expect(await found(holding('mcp-registry-admin'), 'time&server=tower')).toHaveLength(2);
    expect(await found(holding('mcp-registry-admin'), 'time&limit=1')).toHaveLength(1);
  });

  test.each([
    ['may see nothing', holding('call/one'), 'time', 'no_server_visible'],
    ['may call nothing', holding('see/one'), 'time', 'no_tool_allowed'],
    ['asks for what is not there', holding('mcp-registry-admin'), 'volcano', 'no_match'],
    ['asks for a disabled server', holding('mcp-registry-admin'), 'time&server=off', 'no_server_visible'],
  ])('explains an empty result to a caller who %s', async (_who, who, query, code) => {
    const { status, body } = await ask(who, `/tools/search?q=${query}`);
    expect([status, body]).toMatchObject([200, { results: [], total: 0, why: { code } }]);
  });

  test('says that only people with accounts see the tools of a server that shows them to others only', () => {
    const clock = { server: 'clock', title: '', description: '', tags: [], tools: [], wantsAccounts: true };
    const { sub, ...who } = holding('see/one');
    const person = { ...who, subject: sub, authMethod: 'session_cookie' } as unknown as Parameters<
      typeof whyNothing
    >[2];
    const { code, message } = whyNothing(policy, undefined, person, [clock]);
    expect([code, message]).toEqual(['no_tool_known', expect.stringContaining('connect an account')]);
  });

  test('tells an agent the scope and a person the group that allows the first tool', async () => {
    const of = async (who: object) =>
      ((await ask(who, '/tools/search?q=time')).body.why as { message: string }).message;
    expect(await of(holding('see/one'))).toContain('the group g or h or i has one.');
    expect(await of({ ...holding('see/one'), auth_method: 'jwt' })).toContain('the scope call/one has one.');
  });

  test.each([
    '',
    '?q=',
    '?q=%20',
    '?q=a&q=b',
    '?q=a&limit=0',
    '?q=a&limit=51',
    '?q=a&limit=x',
    `?q=${'a'.repeat(1001)}`,
  ])('refuses %s', async (query) => {
    const { status, body } = await ask(holding('mcp-registry-admin'), `/tools/search${query}`);
    expect([status, body]).toMatchObject([400, { error: { code: 'input_invalid' } }]);
  });

  test('and GET /api/servers?q= finds servers that the caller may see', async () => {
    const names = async (who: object, q: string) =>
      ((await ask(who, `/servers?q=${q}`)).body.servers as { name: string }[]).map(({ name }) => name);
    expect(await names(holding('mcp-registry-admin'), 'towe')).toEqual(['tower']);
    expect(await names(holding('see/one'), 'tower')).toEqual([]);
    expect(await names(holding('mcp-registry-admin'), '')).toEqual(['clock', 'off', 'tower']);
  });
});

test('Pending tools are not found while the gate refuses them, and no tool is while the approved ones are unreadable', async () => {
  const store = await storeOf(serversText);
  let approved: ReadonlyMap<string, ReadonlySet<string>> | 'unreadable' = new Map([['clock', new Set(['set_time'])]]);
  const guard = {
    known: () => (approved === 'unreadable' ? approved : { approved, readOnly: new Map() }),
    stop: () => undefined,
  };
  const search = await createToolSearch({
    servers: store.list,
    toolsOf: () => tools,
    policy: () => policy,
    guard,
    words,
  });
  const person = { sub: 's', username: 'u', groups: [], scopes: ['mcp-registry-admin'], authMethod: 'jwt' as const };
  const find = async () =>
    (await search.tools(person, { text: 'time', limit: 9 })).results.map(
      ({ server, tool }) => `${server}/${tool.name}`,
    );
  expect(await find()).toEqual(['clock/set_time']);
  approved = 'unreadable';
  expect(await find()).toEqual([]);
  await store.close();
});
