import fc from 'fast-check';
import { readInSteps } from '../../../../auth-server/request/read-in-steps.ts';
import { type RawMcpRequest, readMcpRequest } from '../../../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../../../policy/request/refused-request.ts';

const rawOf = (body: string | Uint8Array, change: Partial<RawMcpRequest> = {}): RawMcpRequest => ({
  httpMethod: 'POST',
  endpoint: 'mcp',
  body: Buffer.from(body),
  ...change,
});

/** What a reader says: the request, or the refusal with everything that the client gets of it. */
function saidBy(read: () => unknown): unknown {
  try {
    return { read: plain(read()) };
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    return { refused: error.message, ...(plain({ ...error }) as object) };
  }
}

/** With numbers such as NaN and the id as the client wrote it. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each) => {
      if (key === 'id' && typeof each === 'object') return { written: each.text };
      return typeof each === 'number' && !Number.isFinite(each) ? String(each) : each;
    }),
  );
}

function inSteps(raw: RawMcpRequest): { steps: number; result: unknown } {
  let steps = 0;
  const result = saidBy(() => {
    const reading = readInSteps(raw);
    for (;;) {
      steps++;
      const { done, value } = reading.next();
      if (done) return value;
    }
  });
  return { steps, result };
}

const call = (args: string) =>
  `{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"t","arguments":${args}}}`;

const bodies: [what: string, body: string | Uint8Array, change?: Partial<RawMcpRequest>][] = [
  ['a call', call('{"a":[1,"é",{"b":null}]}')],
  ['one huge text', call(`{"a":"${'x'.repeat(100_000)}"}`)],
  ['a text of several bytes for each letter', call(`{"a":"${'日😀'.repeat(20_000)}"}`)],
  ['many small keys', call(`{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":${i}`)}}`)],
  ['too many keys', call(`{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":${i}`)}}`)],
  ['a key that stands twice', call('{"a":1,"\\u0061":2}')],
  ['a batch', `[${call('{}')}]`],
  ['deep nesting', call(`{"a":${'['.repeat(70)}${']'.repeat(70)}}`)],
  ['numbers that not all programs read alike', call('{"a":[1e400,12345678901234567890,0.1]}')],
  ['many spaces', call(`{"a":1${' '.repeat(2_500_000)}}`)],
  ['one huge number', call(`{"a":${'7'.repeat(1_500_000)},"b":1}`)],
  ['many numbers, of which one is not read alike', call(`{"a":[${'0.1234567890123456,'.repeat(9_000)}1e400]}`)],
  ['more such numbers than are compared', call(`{"a":[${'0.12345678901234567890,'.repeat(10_001)}1]}`)],
  ['what is no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ['what is no JSON', '{"jsonrpc":'],
  ['nothing', ''],
  ['a list of resources', '{"jsonrpc":"2.0","id":"a","method":"subscriptions/listen","params":{"notifications":{}}}'],
  ['a header that says something else', call('{}'), { mcpMethod: 'tools/list' }],
  ['a body at an endpoint that takes none', call('{}'), { endpoint: 'sse' }],
  ['what is no JSON at an endpoint that takes none', '{', { endpoint: 'sse' }],
  ['a GET with a body', call('{}'), { httpMethod: 'GET' }],
];

describe('a body that is read in steps', () => {
  test.each(bodies)('says the same as one that is read at once: %s', (_, body, change = {}) => {
    const raw = rawOf(body, change);
    expect(inSteps(raw).result).toEqual(saidBy(() => readMcpRequest(raw)));
  });

  test('says the same whatever its arguments are', () => {
    fc.assert(
      fc.property(fc.json(), (args) => {
        const raw = rawOf(call(args));
        expect(inSteps(raw).result).toEqual(saidBy(() => readMcpRequest(raw)));
      }),
    );
  });

  test('says the same whatever its bytes are', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '1',
      '1e9',
      '"a"',
      '"id"',
      'null',
      ' ',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const raw = rawOf(parts.join(''));
        expect(inSteps(raw).result).toEqual(saidBy(() => readMcpRequest(raw)));
      }),
    );
  });

  test('gives others a turn after each long part', () => {
    // Counting, decoding, parsing, comparing keys, looking at numbers, reading the request.
    expect(inSteps(rawOf(call('{}'))).steps).toBe(6);
    expect(inSteps(rawOf('{"jsonrpc":"2.0","id":1,"method":"ping"}')).steps).toBe(5);
  });

  test.each([
    // Three further turns each for counting and for the numbers.
    ['spaces', call(`{"a":1${' '.repeat(4_000_000)}}`), 6 + 2 * 3],
    ['long numbers', call(`{"a":[${'0.12345678901234567890,'.repeat(9_000)}1]}`), 6 + 4],
  ])('gives others a turn while it looks at many %s', (_, body, steps) => {
    expect(inSteps(rawOf(body)).steps).toBe(steps);
  });

  test('never swallows an error of its own', () => {
    const broken = { ...rawOf(call('{}')), body: undefined as unknown as Uint8Array };
    expect(() => [...readInSteps(broken)]).toThrow(TypeError);
  });
});
