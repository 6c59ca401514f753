import { gzipSync } from 'node:zlib';
import { HeldBytes } from '../../../../../common/answers/held-bytes.ts';
import type { ProbeLimits } from '../../../../../registry/health/probe/clock.ts';
import { heldByChecks, heldByTests, readingLimits } from '../../../../../registry/health/probe/limits.ts';
import { probeServer } from '../../../../../registry/health/probe/mcp-probe.ts';
import { listen } from '../../../../support/listen.ts';
import {
  capabilities,
  type HostileAnswer,
  hostileMcp,
  initialized,
  response,
} from '../../../../support/registry/hostile-mcp.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Long, so that no check of what is answered at once times out on a busy machine. */
const patient = { answer: 20_000, whole: 40_000 };

async function probe(
  own: Record<string, HostileAnswer>,
  {
    by = 'json',
    limits = patient,
    held = new HeldBytes(1e9),
  }: {
    by?: 'json' | 'stream';
    limits?: ProbeLimits;
    held?: HeldBytes;
  } = {},
) {
  const asked: string[] = [];
  const { port, close } = await listen(hostileMcp(own, by, ({ method }) => asked.push(method)));
  closers.push(close);
  const upstream = `http://127.0.0.1:${port}`;
  const server = {
    name: 'x',
    title: 'x',
    description: 'x',
    upstream,
    transports: { 'streamable-http': '/mcp' },
    tags: [],
  };
  const address = `127.0.0.1:${port}`;
  const result = await probeServer(server, 'streamable-http', [address], limits, {}, held.accountOf('x'));
  return { ...result, asked };
}

const size = 3_900_000;
const filled = (piece: string) => piece.repeat(Math.floor(size / piece.length));
const numbered = (count: number, item: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i)).join(',');
const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;

const sentence = (sent: string, field: string) =>
  `It did not answer as an MCP server does: it sent ${sent.replace('FIELD', field)}`;

const lists: [string, string, string][] = [
  ['of zeros', `[${filled('0,')}0]`, 'a list of more than 5000 FIELD.'],
  ['of a few zeros', '[0,0,0]', 'a list of FIELD that holds something else than objects.'],
  ['of lists', `[${filled('[],')}[]]`, 'a list of more than 5000 FIELD.'],
  ['of empty objects', `[${filled('{},')}{}]`, 'a list of more than 5000 FIELD.'],
  ['of tiny items', `[${numbered(200_000, (i) => `{"name":"t${i}"}`)}]`, 'a list of more than 5000 FIELD.'],
  ['of nulls', '[null]', 'a list of FIELD that holds something else than objects.'],
  ['that is an object', '{}', 'an answer without a list of FIELD.'],
  ['that is text', '"many"', 'an answer without a list of FIELD.'],
  ['that is nested as a list', nested('[', ']', 1_900_000), 'a message of more than 100 levels.'],
  ['that is nested as an object', nested('{"a":', '}', 600_000), 'a message of more than 100 levels.'],
  ['whose item is deep', `[{"name":"a","x":${nested('[', ']', 100)}}]`, 'a message of more than 100 levels.'],
  [
    'whose item has 300,000 keys',
    `[{"name":"a","x":{${numbered(300_000, (i) => `"k${i}":0`)}}}]`,
    'more than 200000 values in one message.',
  ],
  [
    'whose item holds a million numbers',
    `[{"name":"a","x":[${'0,'.repeat(1_000_000)}0]}]`,
    'more than 200000 values in one message.',
  ],
  [
    'whose item has 200 keys',
    `[{"name":"a",${numbered(200, (i) => `"k${i}":0`)}}]`,
    'a list of FIELD with one of more than 100 keys.',
  ],
  ['with a key twice', '[{"name":"a","description":"b","description":"c"}]', 'an object with a key twice.'],
  ['with a key twice, deep', '[{"name":"a","x":[{"y":{"z":1,"z":2}}]}]', 'an object with a key twice.'],
  ['with half a letter', '[{"name":"\u0000"}]', 'a string with a control character.'],
];
const methods = [
  ['tools/list', 'tools', 'degraded'],
  ['prompts/list', 'prompts', 'healthy'],
  ['resources/list', 'resources', 'healthy'],
  ['resources/templates/list', 'resourceTemplates', 'healthy'],
] as const;

test.each(
  lists.flatMap(([what, list, error]) => (['json', 'stream'] as const).map((by) => [what, by, list, error] as const)),
)('A list of tools %s, sent as %s, ends the check with a sentence that says what was wrong', async (...given) => {
  const [, by, list, error] = given;
  const result = await probe({ 'tools/list': () => `{"tools":${list}}` }, { by });
  expect([result.status, result.error]).toEqual(['degraded', sentence(error, 'tools')]);
  expect(result.observed?.tools).toBeNull();
});

test.each(methods.slice(1))(
  'A hostile answer to %s leaves the tools known, and the check says what was wrong',
  async (method, field) => {
    for (const [, list, error] of lists.slice(0, 2)) {
      const result = await probe({ [method]: () => `{"${field}":${list}}` });
      expect([result.status, result.error]).toEqual(['healthy', sentence(error, field)]);
      expect(result.observed?.tools).toHaveLength(1);
      expect(result.observed).toMatchObject({ [field]: null });
    }
  },
);

test.each([
  [
    'many members',
    `{"tools":[],${numbered(300, (i) => `"k${i}":0`)}}`,
    /: it sent an object of more than 200 members\.$/,
  ],
  ['a look-alike of its list', '{"tools":[],"Tools":[{"name":"b"}]}', /: it sent a key that differs from a known one/],
  ['a look-alike of its cursor', '{"tools":[],"nextcursor":"2"}', /: it sent a key that differs from a known one/],
  ['its list twice', '{"tools":[],"tools":[]}', /: it sent a message with a key twice\.$/],
  [
    'a cursor that is a list',
    `{"tools":[],"nextCursor":[${'0,'.repeat(1_000)}0]}`,
    /: it sent a cursor that is no text\.$/,
  ],
  ['a cursor of 3 MB', `{"tools":[],"nextCursor":"${'x'.repeat(3_000_000)}"}`, /: it sent a cursor of more than 4096/],
  ['nothing', 'null', /^It did not answer/],
])('A result with %s is refused', async (_what, result, error) => {
  const { status, error: said } = await probe({ 'tools/list': () => result });
  expect(status).toBe('degraded');
  expect(said).toMatch(error);
});

const zeros = `[${filled('0,')}0]`;
test.each([
  ['initialize', 'capabilities full of zeros', initialized(`{"tools":{},"experimental":{"a":${zeros}}}`)],
  ['initialize', 'thousands of capabilities', initialized(`{${numbered(300_000, (i) => `"k${i}":{}`)}}`)],
  [
    'initialize',
    'a few thousand experiments',
    initialized(`{"experimental":{${numbered(4_000, (i) => `"k${i}":{}`)}}}`),
  ],
  ['initialize', 'deep capabilities', initialized(`{"experimental":${nested('{"a":', '}', 5_000)}}`)],
  ['initialize', 'a key twice', initialized(capabilities, ',"capabilities":{}')],
  ['initialize', 'a look-alike deep inside', initialized('{"tools":{"listChanged":true,"listChanged":false}}')],
  ['server/discover', 'versions full of zeros', `{"supportedVersions":${zeros}}`],
  ['server/discover', 'many members', `{"supportedVersions":[],${numbered(300, (i) => `"k${i}":0`)}}`],
])('An answer to %s with %s is refused with a sentence', async (method, _what, result) => {
  for (const by of ['json', 'stream'] as const) {
    const { status, error } = await probe({ [method]: () => result }, { by });
    expect(status).toBe('unhealthy');
    expect(error).toMatch(/: it sent (more than|an object|a message|a list)/);
  }
});

const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
/** For servers whose answer never ends. What comes before it has to come within the time, on a busy machine too. */
const impatient = { answer: 2_000, whole: 10_000 };
test.each<[what: string, HostileAnswer, RegExp, isEndless?: true]>([
  [
    'sends 10,000 events before its answer',
    (asked, res) => {
      const note = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n\n';
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end(`${note.repeat(10_000)}data: ${response(asked, '{"tools":[]}')}\n\n`);
      return undefined;
    },
    /: it sent more than 2000 events\.$/,
  ],
  [
    'sends requests without end',
    (_asked, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end('data: {"jsonrpc":"2.0","id":1,"method":"ping"}\n\n'.repeat(20_000));
      return undefined;
    },
    /: it sent more than 2000 events\.$/,
  ],
  [
    'sends one byte at a time',
    (_asked, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => res.write(' '), 50);
      res.on('close', () => clearInterval(timer));
      return undefined;
    },
    /^It did not answer within 2 s\.$/,
    true,
  ],
  [
    'sends a gzip bomb',
    (_asked, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      res.end(bomb);
      return undefined;
    },
    /It sent more than 4 MB\.$/,
  ],
  [
    'sends UTF-16',
    (asked, res) => {
      res.writeHead(200, { 'content-type': 'application/json; charset=utf-16le' });
      res.end(Buffer.from(`\u00e9${response(asked, '{"tools":[]}')}`, 'utf16le'));
      return undefined;
    },
    /: it sent a message that is not UTF-8\.$/,
  ],
  [
    'begins its stream with bytes that some readers strip',
    (asked, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-7' });
      res.end(
        Buffer.concat([
          Buffer.from('c3afc2bbc2bf', 'hex'),
          Buffer.from(`data: ${response(asked, '{"tools":[]}')}\n\n`),
        ]),
      );
      return undefined;
    },
    /^It did not answer/,
    true,
  ],
  [
    'lets the client reconnect at once, again and again',
    (_asked, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end('retry: 0\nid: 1\ndata:\n\n');
      return undefined;
    },
    /^It did not answer/,
    true,
  ],
  [
    'answers with HTTP 600',
    (_asked, res) => void res.writeHead(600).end(),
    /^It did not answer as an MCP server does\.$/,
  ],
  [
    'answers with HTTP 999',
    (_asked, res) => void res.writeHead(999).end(),
    /^It did not answer as an MCP server does\.$/,
  ],
])('A server that %s is refused with a sentence', async (...[, answer, error, isEndless]) => {
  const result = await probe({ 'tools/list': answer }, { limits: isEndless ? impatient : patient });
  expect(result.status).toBe('degraded');
  expect(result.error).toMatch(error);
});

test('Pages of 1 MB without end end with the limit of 4 MB, and small pages after 64', async () => {
  let page = 0;
  const large = () => `{"tools":[],"x":"${'x'.repeat(1_000_000)}","nextCursor":"${page++}"}`;
  expect(await probe({ 'tools/list': large })).toMatchObject({ status: 'degraded', error: 'It sent more than 4 MB.' });
  const small = await probe({ 'tools/list': () => `{"tools":[{"name":"t${page}"}],"nextCursor":"${page++}"}` });
  expect(small.status).toBe('healthy');
  expect(small.asked.filter((method) => method === 'tools/list')).toHaveLength(64);
  expect(small.observed?.tools).toHaveLength(64);
});

test('Values count over all pages', async () => {
  let page = 0;
  const item = () => `{"name":"t${page}","x":[${'0,'.repeat(50_000)}0]}`;
  const result = await probe({ 'tools/list': () => `{"tools":[${item()}],"nextCursor":"${page++}"}` });
  expect(result).toMatchObject({ status: 'degraded', error: sentence('more than 200000 values in all.', '') });
});

test('A server cannot make the client send requests: its own are left out, and its answers to none', async () => {
  const { asked, status } = await probe({
    'tools/list': (request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const own = '{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}}';
      const foreign = '{"jsonrpc":"2.0","id":4711,"result":{"tools":[{"name":"foreign"}]}}';
      res.end(
        `data: ${own}\n\ndata: ${foreign}\n\nevent: endpoint\ndata: /victim\n\ndata: ${response(request, '{"tools":[]}')}\n\n`,
      );
      return undefined;
    },
  });
  expect(status).toBe('healthy');
  expect(asked.filter((method) => method === undefined)).toEqual([]);
});

test('Events that are no message of MCP do not end the check', async () => {
  const { status, error } = await probe({
    'tools/list': (request, res) => {
      res.writeHead(200, { 'content-type': 'Text/Event-Stream; charset=utf-8' });
      const others = ': hello\n\ndata: ping\n\nevent: ping\ndata: {"a":1,"a":2}\n\ndata:\n\ndata: [0]\n\n';
      res.end(`${others}data: ${response(request, '{"tools":[]}')}\n\n`);
      return undefined;
    },
  });
  expect([status, error]).toEqual(['healthy', null]);
});

test('A check gives back all memory that it held, and one that finds none says so', async () => {
  const list = () => `{"tools":[{"name":"a","description":"${'x'.repeat(1_000_000)}"}]}`;
  const held = new HeldBytes(10_000_000);
  for (let i = 0; i < 5; i++) {
    expect((await probe({ 'tools/list': list }, { held })).status).toBe('healthy');
    expect((await probe({ 'tools/list': () => `{"tools":${zeros}}` }, { held })).status).toBe('degraded');
  }
  const narrow = new HeldBytes(1_000_000);
  const result = await probe({ 'tools/list': list }, { held: narrow });
  expect(result.error).toBe('Other servers sent too much at once. It is checked again soon.');
  const account = narrow.accountOf('other');
  expect(() => account(500_000)).not.toThrow();
});

test.each([
  ['checks', heldByChecks],
  ['connection tests', heldByTests],
])('The largest answer fits into the memory of %s for one server', async (_what, most) => {
  const { bytes, values } = readingLimits.message;
  const keys = numbered(values / 2 - 200, (i) => `"${i}":0`);
  const rest = 'x'.repeat(bytes - keys.length - 1_000);
  const large = () => `{"tools":[{"name":"a","x":{${keys}},"description":"${rest}"}]}`;
  const result = await probe({ 'tools/list': large }, { held: new HeldBytes(most) });
  expect(result).toMatchObject({ status: 'healthy', error: null });
});
