import type { IncomingMessage } from 'node:http';
import { createApp } from '../../../servers/fininfo/server.ts';
import { connect, connections, listen, recordedLog } from '../../support/servers/mcp-clients.ts';

const key = 'polygon-key-of-the-test';
const daily = {
  stock_ticker: 'AAPL',
  multiplier: 1,
  timespan: 'day',
  from_date: '2023-01-09',
  to_date: '2023-01-10',
};

/** An answer in the shape that Polygon's documentation shows for AAPL. */
const recorded = {
  adjusted: true,
  next_url: undefined as string | undefined,
  queryCount: 2,
  request_id: '6a7e466379af0a71039d60cc78e72282',
  results: [
    { c: 130.15, h: 133.41, l: 129.89, n: 645365, o: 130.465, t: 1673240400000, v: 70790813, vw: 131.6292 },
    { c: 130.73, h: 131.2636, l: 128.12, n: 554940, o: 130.26, t: 1673326800000, v: 63896155, vw: 129.822 },
  ],
  resultsCount: 2,
  status: 'OK',
  ticker: 'AAPL',
};

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  text?: string;
  silent?: boolean;
}

let next: Answer;
let seen: { url: string | undefined; headers: IncomingMessage['headers'] }[];
let polygon: Awaited<ReturnType<typeof listen>>;
let fininfo: Awaited<ReturnType<typeof listen>>;
const { log, lines } = recordedLog();

beforeAll(async () => {
  polygon = await listen((req, res) => {
    seen.push({ url: req.url, headers: req.headers });
    if (next.silent) return;
    res.writeHead(next.status ?? 200, { 'Content-Type': 'application/json', ...next.headers });
    res.end(next.text ?? JSON.stringify(next.body ?? recorded));
  });
  fininfo = await listen(createApp(log, { url: polygon.base, key }, 300));
});
afterAll(() => {
  polygon.close();
  fininfo.close();
});
beforeEach(() => {
  next = {};
  seen = [];
  lines.length = 0;
});

async function call(tool: string, args: Record<string, unknown>, base = fininfo.base) {
  const client = await connect(base);
  try {
    return await client.call(tool, args);
  } finally {
    await client.close();
  }
}

test.each(connections)('%s gets the bars of a stock as data', async (_, connectAs) => {
  const client = await connectAs(fininfo.base);
  expect(client.about().server).toMatchObject({ name: 'fininfo' });
  expect((await client.listTools()).map(({ name }) => name)).toEqual(['get_stock_aggregates', 'print_stock_data']);
  const { failed, values, text } = await client.call('get_stock_aggregates', daily);
  await client.close();
  expect(failed).toBe(false);
  expect(values).toEqual({
    ticker: 'AAPL',
    multiplier: 1,
    timespan: 'day',
    adjusted: true,
    delayed: false,
    count: 2,
    complete: true,
    results: [
      {
        time: '2023-01-09T05:00:00Z',
        open: 130.465,
        high: 133.41,
        low: 129.89,
        close: 130.15,
        volume: 70790813,
        vwap: 131.6292,
        transactions: 645365,
      },
      expect.objectContaining({ time: '2023-01-10T05:00:00Z', close: 130.73 }),
    ],
  });
  expect(JSON.parse(text)).toEqual(values);
});

test('print_stock_data shows the same as a table', async () => {
  expect((await call('print_stock_data', daily)).text).toBe(
    [
      'AAPL: 2 bars of 1 day (adjusted for splits)',
      '',
      'Date          Open    High     Low   Close      Volume    VWAP',
      '2023-01-09  130.47  133.41  129.89  130.15  70,790,813  131.63',
      '2023-01-10  130.26  131.26  128.12  130.73  63,896,155  129.82',
    ].join('\n'),
  );
});

test('The request to Polygon has exactly the caller’s arguments, and the key only in a header', async () => {
  await call('get_stock_aggregates', {
    ...daily,
    stock_ticker: 'BRK.A',
    multiplier: 5,
    timespan: 'minute',
    from_date: '1673240400000',
    adjusted: false,
    sort: 'desc',
    limit: 50,
  });
  const [request] = seen;
  expect(request?.url).toBe(
    '/v2/aggs/ticker/BRK.A/range/5/minute/1673240400000/2023-01-10?adjusted=false&sort=desc&limit=50',
  );
  expect(request?.headers.authorization).toBe(`Bearer ${key}`);
});

test('a window with too many bars is marked incomplete, and delayed data are marked delayed', async () => {
  next = { body: { ...recorded, status: 'DELAYED', next_url: 'https://api.polygon.io/v2/aggs/next' } };
  const { values, text } = await call('print_stock_data', daily);
  expect(values).toMatchObject({ complete: false, delayed: true });
  expect(text).toContain('delayed, the window holds more');
});

test('a long table shows its first and last rows; the data contain all', async () => {
  const results = Array.from({ length: 250 }, (_, i) => ({ ...recorded.results[0], t: i * 60_000 }));
  next = { body: { ...recorded, results } };
  const { text, values } = await call('print_stock_data', { ...daily, timespan: 'minute' });
  expect(text).toContain('… 150 more …');
  expect(text.split('\n')).toHaveLength(104);
  expect(values).toMatchObject({ count: 250 });
});

test('a window without bars is reported as such', async () => {
  const { results: _, ...empty } = recorded;
  next = { body: { ...empty, ticker: 'NOSUCH', resultsCount: 0 } };
  const { failed, text, values } = await call('print_stock_data', { ...daily, stock_ticker: 'NOSUCH' });
  expect([failed, values?.results]).toEqual([false, []]);
  expect(text).toContain('NOSUCH: Polygon has no bars in this window');
});

const refusals: [string, Answer, string][] = [
  ['an unknown key', { status: 401 }, 'should check POLYGON_API_KEY'],
  ['data beyond the plan', { status: 403 }, 'does not include this data (403)'],
  ['an unknown ticker', { status: 404 }, 'has nothing under this ticker'],
  ['an invalid request', { status: 400 }, 'does not understand the request'],
  ['too many requests', { status: 429 }, 'try again in a minute'],
  ['too many requests, with Retry-After', { status: 429, headers: { 'Retry-After': '17' } }, 'try again in 17 s'],
  ['an outage', { status: 503 }, 'could not answer (503)'],
  ['a redirect', { status: 302, headers: { Location: 'http://127.0.0.1:1/' } }, 'could not answer (302)'],
  ['silence', { silent: true }, 'did not answer within 0.3 s'],
  ['text other than JSON', { text: '<html>' }, 'fininfo does not understand'],
  ['JSON of another shape', { body: { results: [{ o: 'x' }] } }, 'fininfo does not understand'],
];
test.each(refusals)(
  'When Polygon answers with %s, the tool says what to do, without the key',
  async (_, answer, expected) => {
    // Polygon's message is not repeated: it may contain the key.
    next = { body: { status: 'ERROR', error: `Unknown API Key ${key}` }, ...answer };
    const { failed, text, values } = await call('get_stock_aggregates', daily);
    expect([failed, values]).toEqual([true, undefined]);
    expect(text).toContain(expected);
    expect(text).not.toContain(key);
    expect(seen).toHaveLength(1);
  },
);

test('If Polygon cannot be reached, the tool reports it', async () => {
  const dead = await listen(() => undefined);
  dead.close();
  const gone = await listen(createApp(log, { url: dead.base, key }));
  const { failed, text } = await call('get_stock_aggregates', daily, gone.base);
  gone.close();
  expect([failed, text]).toEqual([true, expect.stringContaining('Polygon cannot be reached (ECONNREFUSED)')]);
});

test('Without a key every call names the variable to set, and sends no request to Polygon', async () => {
  const keyless = await listen(createApp(log, { url: polygon.base, key: undefined }));
  const { failed, text } = await call('print_stock_data', daily, keyless.base);
  keyless.close();
  expect([failed, seen]).toEqual([true, []]);
  expect(text).toMatch(/^401: .*POLYGON_API_KEY/);
});

test.each([
  ['a day that does not exist', { from_date: '2026-02-30' }, 'from_date "2026-02-30" is not a date'],
  ['a text that is not a date', { to_date: 'yesterday' }, 'to_date "yesterday" is not a date'],
  ['a window that ends before it starts', { from_date: '2023-02-01' }, 'swap them'],
  ['a ticker with a path', { stock_ticker: '../AAPL' }, 'must be a ticker symbol'],
  ['an empty ticker', { stock_ticker: '' }, 'must be a ticker symbol'],
  ['an unknown timespan', { timespan: 'fortnight' }, 'timespan'],
  ['a multiplier of zero', { multiplier: 0 }, 'multiplier'],
  ["a limit above Polygon's maximum", { limit: 50_001 }, 'limit'],
])('%s is rejected without a request to Polygon', async (_, change, expected) => {
  const { failed, text } = await call('get_stock_aggregates', { ...daily, ...change });
  expect([failed, seen]).toEqual([true, []]);
  expect(text).toContain(expected);
});

test('The log holds neither the key nor the arguments', async () => {
  await call('get_stock_aggregates', daily);
  next = { status: 401 };
  await call('get_stock_aggregates', daily);
  expect(lines.join('')).toContain('get_stock_aggregates');
  expect(lines.join('')).not.toMatch(new RegExp(`${key}|AAPL|2023-01-09`));
});
