import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createEmbeddings, nearness } from '../../../../registry/search/embeddings.ts';
import { createToolSearch } from '../../../../registry/search/tool-search.ts';
import { loadWords } from '../../../../registry/search/words.ts';
import { listen, until } from '../../../support/listen.ts';
import { recordingLog, storeOf, toolOf } from '../../../support/registry/registry-fixture.ts';

/** A simple embedding of a text: one number for each subject. */
const subjects = [/time|clock|o'clock/i, /umbrella|rain|weather/i, /money|price/i];
const vectorOf = (text: string) => [...subjects.map((subject) => (subject.test(text) ? 3 : 0)), 0.01];

interface Asked {
  model: string;
  input: string[];
}
let asked: Asked[] = [];
let authorization: string | undefined;
type Answer = (body: Asked, res: ServerResponse) => void;
const good: Answer = ({ input }, res) => {
  // In a different order than requested: clients must use the index.
  const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) })).reverse();
  res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ object: 'list', data }));
};
let answer: Answer = good;
const server = createServer((req: IncomingMessage, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
    authorization = req.headers.authorization;
    if (req.url !== '/v1/embeddings') return void res.writeHead(404).end();
    asked.push(body);
    answer(body, res);
  });
});
let url = '';
let closeEndpoint: () => Promise<void>;
beforeAll(async () => {
  const { port, close } = await listen(server);
  url = `http://127.0.0.1:${port}`;
  closeEndpoint = close;
});
afterAll(() => closeEndpoint());
beforeEach(() => {
  asked = [];
  answer = good;
});

const policy = parsePolicy(`
group_mappings: {g: [all]}
UI-Scopes: {all: {list_service: [all]}}
all: [{server: "*", methods: [tools/call], tools: ["*"]}]
few: [{server: "*", methods: [tools/call], tools: [sell]}]
`);
const tools = [
  toolOf('current_time', { description: 'The time in a zone' }),
  toolOf('forecast', { description: 'Weather of tomorrow' }),
  toolOf('sell', { description: 'Asks a price' }),
];
const person = (...scopes: string[]) => ({ sub: 's', username: 'u', groups: [], scopes, authMethod: 'jwt' as const });
const words = await loadWords();

async function searching(
  more: { apiKey?: string; now?: () => number; questionTimeoutMs?: number; count?: number } = {},
) {
  const { log, lines } = recordingLog();
  const embeddings = createEmbeddings({ url, model: 'm', apiKey: undefined, log, ...more });
  const store = await storeOf(
    JSON.stringify([
      { name: 's', title: 'S', description: 'S', upstream: 'http://127.0.0.1:1', transports: { sse: '/sse' } },
    ]),
  );
  const toolsOf = () => tools;
  const search = await createToolSearch({ servers: store.list, toolsOf, policy: () => policy, embeddings, words });
  await search.follow();
  await sleep(50);
  const find = async (text: string, ...scopes: string[]) => {
    const { results } = await search.tools(person(...(scopes.length ? scopes : ['all'])), { text, limit: 10 });
    return results.map(({ tool }) => tool.name);
  };
  return { find, follow: search.follow, lines, close: () => store.close() };
}

test('Tools are found by meaning, and words still count', async () => {
  const { find, close } = await searching({ apiKey: 'key-1' });
  expect((await find('do I need an umbrella'))[0]).toBe('forecast');
  expect((await find('current_time umbrella'))[0]).toBe('current_time');
  expect(authorization).toBe('Bearer key-1');
  expect(asked[0]).toMatchObject({
    model: 'm',
    input: [expect.stringContaining('current_time'), {}, {}].map(() => expect.any(String)),
  });
  await close();
});

test('Tools that the caller may not call are not found by meaning', async () => {
  const { find, close } = await searching();
  expect(await find('umbrella', 'all')).toContain('forecast');
  expect(await find('umbrella', 'few')).toEqual([]);
  await close();
});

test('Each text is sent once: unchanged tools and repeated queries are not sent again', async () => {
  const { find, follow, close } = await searching();
  await find('umbrella');
  await find('umbrella');
  await follow();
  expect(asked.map(({ input }) => input.length)).toEqual([3, 1]);
  await close();
});

test('Many texts are sent in batches', async () => {
  const embeddings = createEmbeddings({ url, model: 'm', apiKey: undefined, log: recordingLog().log });
  const texts = Array.from({ length: 150 }, (_, i) => `clock ${i}`);
  await embeddings.prepare([...texts, ...texts]);
  expect(asked.map(({ input }) => input.length)).toEqual([64, 64, 22]);
  const [a, b] = [embeddings.of('clock 0'), embeddings.of('clock 149')];
  expect(a && b && nearness(a, b)).toBeCloseTo(1);
});

test.each<[string, Answer, string]>([
  ['answers 500', (_b, res) => void res.writeHead(500).end('inner detail'), 'HTTP 500'],
  ['answers 401', (_b, res) => void res.writeHead(401).end(), 'HTTP 401'],
  ['redirects', (_b, res) => void res.writeHead(302, { Location: '/elsewhere' }).end(), 'HTTP 302'],
  ['answers no JSON', (_b, res) => void res.end('<html>'), 'something else'],
  ['answers something else', (_b, res) => void res.end('{"data":[{"index":0,"embedding":["x"]}]}'), 'something else'],
  ['answers with too few', (_b, res) => void res.end('{"data":[]}'), 'another number'],
  ['breaks the connection', (_b, res) => void res.destroy(), 'reason'],
  ['does not answer', () => undefined, 'in time'],
])('With an endpoint that %s the search uses words only, and logs it once', async (_what, bad, reason) => {
  answer = bad;
  // Each look at the clock finds the pause over.
  let time = 0;
  const now = () => (time += 31_000);
  const { find, lines, close } = await searching({ apiKey: 'key-2', questionTimeoutMs: 200, now });
  const started = performance.now();
  expect(await find('weather')).toEqual(['forecast']);
  expect(performance.now() - started).toBeLessThan(8_000);
  expect(await find('time')).toEqual(['current_time']);
  const said = lines.filter((line) => line.includes('no embeddings'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(reason);
  expect(lines.join('')).not.toMatch(/key-2|inner detail|umbrella/);
  await close();
});

test('After a failure the endpoint gets no requests for a while, and the log reports its recovery', async () => {
  answer = (_body, res) => void res.writeHead(503).end();
  let time = 1;
  const { find, follow, lines, close } = await searching({ now: () => time });
  await find('umbrella');
  time += 29_999;
  await find('umbrella');
  expect(asked).toHaveLength(1);
  time += 1;
  answer = good;
  await follow();
  expect(await until(async () => (await find('umbrella')).includes('forecast'))).toBe(true);
  expect(lines.join('')).toContain('the embeddings are back');
  await close();
});
