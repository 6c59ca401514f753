import fc from 'fast-check';
import { type OversizedEvent, parseEvent, splitEvents, writeEvent } from '../../../../common/answers/event-stream.ts';
import { asLine } from '../../../../common/answers/line.ts';

async function* chunks(...parts: (string | Buffer)[]) {
  for (const part of parts) yield Buffer.from(part);
}

async function split(...parts: (string | Buffer)[]): Promise<Buffer[]> {
  const events: Buffer[] = [];
  for await (const event of splitEvents(chunks(...parts), 10_000)) if (Buffer.isBuffer(event)) events.push(event);
  return events;
}

/** Reads a whole event stream as a client does (WHATWG HTML, 9.2.6). */
function readAsClient(bytes: Buffer) {
  const events: { name: string; data: string; id: string }[] = [];
  let [name, data, id] = ['', [] as string[], ''];
  const text = new TextDecoder().decode(bytes);
  const lines = text.split(/\r\n|\n|\r/);
  // The text after the last line end is not a line.
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push({ name: name || 'message', data: data.join('\n'), id });
      [name, data] = ['', []];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
    if (field === 'id') id = value;
  }
  return events;
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const line = fc.oneof(
  fc.constantFrom('data: {"a":1}', 'data', 'data:', 'data:  two', 'event: message', 'event', 'event:x', 'id: 7', 'id'),
  fc.constantFrom('retry: 10', ': a comment', ':', 'data: 😀é', 'nonsense', ' data: x', 'data: a:b'),
);
const streamText = fc
  .array(fc.tuple(fc.array(fc.tuple(line, lineEnd), { maxLength: 4 }), lineEnd), { maxLength: 6 })
  .map((events) => events.map(([lines, end]) => lines.map((parts) => parts.join('')).join('') + end).join(''));
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
}

describe('a stream cut into events', () => {
  test('holds the same bytes and events for any chunks and line ends', async () => {
    await fc.assert(
      fc.asyncProperty(streamText, cuts, async (text, places) => {
        const bytes = Buffer.from(text);
        const events = await split(...cutAt(bytes, places));
        const joined = Buffer.concat(events);
        // Nothing is changed; only an incomplete event at the end, which clients ignore, is dropped.
        expect(bytes.subarray(0, joined.length).equals(joined)).toBe(true);
        expect(readAsClient(joined)).toEqual(readAsClient(bytes));
        // Each piece holds one whole event: read separately, they give the same.
        expect(events.map((event) => readAsClient(event).length).every((count) => count <= 1)).toBe(true);
        const apart = events.flatMap((event) => readAsClient(event).map(({ name, data }) => ({ name, data })));
        expect(apart).toEqual(readAsClient(bytes).map(({ name, data }) => ({ name, data })));
      }),
      { numRuns: 2_000 },
    );
  });

  test('is parsed by the relay as clients parse it', async () => {
    await fc.assert(
      fc.asyncProperty(streamText, async (text) => {
        const events = await split(text);
        const seen = events.map(parseEvent).filter(({ data }) => data !== undefined);
        expect(seen.map(({ name = 'message', data }) => ({ name, data: String(data) }))).toEqual(
          readAsClient(Buffer.from(text)).map(({ name, data }) => ({ name, data })),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('may arrive one byte at a time, even within characters', async () => {
    const text = 'data: 😀\r\n\r\nid: é\ndata: a\ndata: b\n\n: c\r\rdata: last\r\r';
    const events = await split(...[...Buffer.from(text)].map((byte) => Buffer.from([byte])));
    expect(Buffer.concat(events).toString()).toBe(text);
    expect(readAsClient(Buffer.concat(events)).map(({ data }) => data)).toEqual(['😀', 'a\nb', 'last']);
  });

  test.each([
    ['line feeds', 'data: 1\n\n'],
    ['both', 'data: 1\r\n\r\n'],
    ['carriage returns', 'data: 1\r\r'],
    ['a mixture', 'data: 1\r\n\n'],
  ])('passes an event on before the next one comes when its lines end with %s', async (_what, event) => {
    async function* thenSilence() {
      yield Buffer.from(event);
      await new Promise(() => undefined);
    }
    const first = await splitEvents(thenSilence(), 100).next();
    expect(String(first.value)).toBe(event);
  });

  test('drops an incomplete event at the end', async () => {
    expect(String(await split('data: 1\n\ndata: 2\n'))).toBe('data: 1\n\n');
    expect(await split('data: 1\n')).toEqual([]);
    expect(await split('data: 1')).toEqual([]);
  });

  test('loses its byte order mark, which would hide the first field', async () => {
    const [first, second] = await split(Buffer.from([0xef]), Buffer.from([0xbb]), bomRest('data: 1\n\n'));
    expect(String(first)).toBe('data: 1\n\n');
    expect(second).toBeUndefined();
    expect((await split('\ufeffdata: 1\n\n\ufeffdata: 2\n\n')).map(String)).toEqual([
      'data: 1\n\n',
      '\ufeffdata: 2\n\n',
    ]);
  });

  test.each([
    ['in one piece', ['x'.repeat(10_001)]],
    ['in many', Array.from({ length: 101 }, () => 'x'.repeat(100))],
    ['behind other events', ['data: 1\n\n', 'x'.repeat(5_000), 'x'.repeat(5_001)]],
    ['with its end in the same chunk', ['x'.repeat(10_001), '']],
    ['three times as long', ['x'.repeat(9_000), ...Array.from({ length: 2 }, () => 'x'.repeat(9_000))]],
  ])('reports an event that is longer than the limit, %s, and goes on with the next', async (_how, parts) => {
    const seen: (Buffer | OversizedEvent)[] = [];
    let held = 0;
    let most = 0;
    const account = (bytes: number) => {
      held += bytes;
      most = Math.max(most, held);
    };
    const long = ['id: first\n', ...parts.slice(0, -1), `${parts.at(-1)}last\n\n`, 'data: next\n\n'];
    for await (const event of splitEvents(chunks(...long), 10_000, account)) seen.push(event);
    const oversized = seen.filter((event): event is OversizedEvent => !Buffer.isBuffer(event));
    expect(oversized).toHaveLength(1);
    expect(oversized[0]?.tail).toMatch(/last\n\n$/);
    expect(String(seen.at(-1))).toBe('data: next\n\n');
    expect(held).toBe(0);
    expect(most).toBeLessThan(40_000);
  });

  test('ends when an event is four times as long', async () => {
    const parts = Array.from({ length: 100 }, () => 'x'.repeat(1_000));
    await expect(split(...parts)).rejects.toThrow('an event without an end');
  });

  test('may hold many short events in one chunk', async () => {
    expect(await split('data: 1\n\n'.repeat(5_000))).toHaveLength(5_000);
  });

  test('reads a long event byte by byte in time proportional to its length', async () => {
    const bytes = 500_000;
    async function* drip() {
      const one = Buffer.from('x');
      for (let i = 0; i < bytes; i++) yield one;
      yield Buffer.from('\n\n');
    }
    const began = performance.now();
    const { value } = await splitEvents(drip(), bytes + 10).next();
    expect(value).toHaveLength(bytes + 2);
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});

function bomRest(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xbf]), Buffer.from(text)]);
}

describe('an event as it is passed on', () => {
  const rewrite = (text: string) => {
    const event = parseEvent(Buffer.from(text));
    return String(writeEvent({ ...event, data: event.data && asLine(event.data) }));
  };

  test.each([
    [
      'its fields, in one order',
      'id: 7\r\nevent: message\r\nretry: 5\r\ndata: {"a":\r\ndata: 1}\r\n\r\n',
      'event: message\nid: 7\nretry: 5\ndata: {"a": 1}\n\n',
    ],
    ['no comments and no other fields', ': note\nx: y\ndata: {}\nDATA: {"b":1}\n\n', 'data: {}\n\n'],
    ['no field behind a byte order mark in Latin-1', '\u00ef\u00bb\u00bfdata: {}\n\n', ''],
    ['no field with space before the colon', 'data : {}\n\n', ''],
    ['no field behind another line separator', ': x\u2028data: {}\n\n', ''],
    ['an id without data', 'id: 7\n\n', 'id: 7\n\n'],
    ['an id with empty data', 'id: 7\ndata:\n\n', 'id: 7\ndata: \n\n'],
    ['no id that does not fit a header', 'id: \u00e9\ndata: {}\n\n', 'data: {}\n\n'],
    ['no name that is not plain', 'event: a b\ndata: {}\n\n', 'data: {}\n\n'],
    ['an hour at most until the client reconnects', 'retry: 999999999\n\n', 'retry: 3600000\n\n'],
    [
      'line separators in strings as escapes',
      'data: {"a":"\u2028\u2029\u0085\u2027"}\n\n',
      'data: {"a":"\\u2028\\u2029\\u0085\u2027"}\n\n',
    ],
  ])('has %s', (_what, sent, passed) => {
    expect(rewrite(sent)).toBe(passed);
  });

  test('cannot have lines without end', () => {
    expect(() => parseEvent(Buffer.from('data\r'.repeat(60_000)))).toThrow('more than 50000 lines');
  });
});
