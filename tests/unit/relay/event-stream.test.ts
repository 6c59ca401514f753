import fc from 'fast-check';
import { parseEvent, splitEvents, TooLarge, withData } from '../../../relay/event-stream.ts';

async function* chunks(...parts: (string | Buffer)[]) {
  for (const part of parts) yield Buffer.from(part);
}

async function split(...parts: (string | Buffer)[]): Promise<Buffer[]> {
  const events: Buffer[] = [];
  for await (const event of splitEvents(chunks(...parts), 10_000)) events.push(Buffer.from(event));
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
        const seen = events.map((event) => parseEvent(event.toString())).filter(({ lines }) => lines.some(isData));
        expect(seen.map(({ name, data }) => ({ name, data }))).toEqual(
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
  ])('fails when an event is longer than the limit, %s', async (_how, parts) => {
    await expect(split(...parts)).rejects.toThrow(TooLarge);
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

function isData(text: string): boolean {
  return text === 'data' || text.startsWith('data:');
}

function bomRest(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xbf]), Buffer.from(text)]);
}

describe('an event with other data', () => {
  test('keeps its id, name, retry time and comments in their places', () => {
    const event = parseEvent('id: 7\r\nevent: message\r\n: note\r\ndata: {"a":\r\nretry: 5\r\ndata: 1}\r\n\r\n');
    expect(event.data).toBe('{"a":\n1}');
    expect(String(withData(event, '{}'))).toBe('id: 7\nevent: message\n: note\ndata: {}\nretry: 5\n\n');
  });

  test('carries any text without a carriage return unchanged', () => {
    const data = fc.array(fc.constantFrom('a', ' ', '\n', ':', 'data: x', 'é', 'id: 9'), { minLength: 1 });
    fc.assert(
      fc.property(data, (parts) => {
        const text = parts.join('');
        const [read] = readAsClient(withData(parseEvent('id: 1\ndata: old\ndata: older\n\n'), text));
        expect(read).toEqual({ name: 'message', data: text, id: '1' });
      }),
    );
  });
});
