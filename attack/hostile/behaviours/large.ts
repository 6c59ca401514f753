import { answer, anyRequest, type Behaviour, begin, event, isGet, type Kind, result, when } from './behaviour.ts';

/** Just below the largest list that the relay reads by default, and the largest answer that the registry reads. */
const forRelay = 8_300_000;
const forRegistry = 4_100_000;

const repeated = (unit: string, bytes: number) => new Array(Math.floor(bytes / (unit.length + 1))).fill(unit).join(',');
const inTools = (list: string) => `{"jsonrpc":"2.0","id":1,"result":{"tools":[${list}]}}`;
const keys = (bytes: number) => Array.from({ length: Math.floor(bytes / 12) }, (_, n) => `"k${n}":0`).join(',');
const nested = (open: string, close: string, bytes: number) => {
  const levels = Math.floor(bytes / (open.length + close.length));
  return `${open.repeat(levels)}1${close.repeat(levels)}`;
};

type Body = readonly [name: string, body: () => string];

/** Answers of this many bytes, or a little less, that take a multiple of their size in memory. */
function largeBodies(size: number): readonly Body[] {
  const bytes = size - 200;
  return [
    ['[0,0,…]', () => inTools(repeated('0', bytes))],
    ['[{},{},…]', () => inTools(repeated('{}', bytes))],
    ['[[],[],…]', () => inTools(repeated('[]', bytes))],
    ['[[[…]]]', () => inTools(nested('[', ']', bytes))],
    ['objects in objects', () => inTools(nested('{"a":', '}', bytes))],
    ['tools with a name only', () => inTools(repeated('{"name":"x"}', bytes))],
    ['tools with empty schemas', () => inTools(repeated('{"name":"x","inputSchema":{"type":"object"}}', bytes))],
    ['one tool with too many keys', () => inTools(`{"name":"x",${keys(bytes)}}`)],
    ['too many keys beside the list', () => `{"jsonrpc":"2.0","id":1,"result":{"tools":[],${keys(bytes)}}}`],
    ['too many keys beside the result', () => `{"jsonrpc":"2.0","id":1,${keys(bytes)},"result":{"tools":[]}}`],
    ['one long name', () => inTools(`{"name":"${'x'.repeat(bytes)}"}`)],
    ['one name of escapes', () => inTools(`{"name":"${'\\u0041'.repeat(bytes / 6)}"}`)],
    ['one long number', () => `{"jsonrpc":"2.0","id":1,"result":{"tools":[],"n":${'9'.repeat(bytes)}}}`],
    ['spaces', () => inTools(' '.repeat(bytes))],
    ['a batch of [0,0,…]', () => `[${repeated('0', bytes)}]`],
    [
      'prompts, resources and tools',
      () => {
        const list = (key: string) => `[${repeated(`{"${key}":"x:y"}`, bytes / 3)}]`;
        const all = `"tools":${list('name')},"prompts":${list('name')},"resources":${list('uri')}`;
        return `{"jsonrpc":"2.0","id":1,"result":{${all}}}`;
      },
    ],
  ];
}

let last: { name: string; text: string } | undefined;

/** Builds each body once while it is used. */
function built(name: string, body: () => string): string {
  if (last?.name !== name) last = { name, text: body() };
  return last.text;
}

const behaviours: Behaviour[] = largeBodies(forRelay).flatMap(([name, body]): Behaviour[] => [
  {
    name: `a list of eight megabytes: ${name}`,
    uses: ['list', 'list', 'prompts'],
    answer: when(anyRequest, (heard) => answer(heard, 'application/json', built(name, body))),
    lasts: 3_000,
  },
  {
    name: `an event of eight megabytes: ${name}`,
    uses: ['stream', 'sse', 'list'],
    answer: when(anyRequest, (heard) => begin(heard, event(built(name, body))).end()),
    lasts: 3_000,
  },
]);

/** A bound in bytes that is taken for a bound in memory or time. */
export const largeAnswers: Kind = {
  name: 'Large answers',
  means: 'the relay lives, and answers others meanwhile',
  behaviours,
};

const pages: Behaviour = {
  name: 'pages of a list without an end',
  uses: ['check'],
  answer: when(
    ({ rpc }) => rpc === 'tools/list',
    (heard) =>
      answer(
        heard,
        'application/json',
        result(
          { tools: [{ name: 'x', inputSchema: { type: 'object' } }], nextCursor: String(Math.random()) },
          heard.id,
        ),
      ),
  ),
};

const ofTool = (change: object) => result({ tools: [{ name: 'x', inputSchema: { type: 'object' }, ...change }] });

const checkedBodies: readonly Body[] = [
  ...largeBodies(forRegistry),
  ...largeBodies(forRelay)
    .slice(0, 2)
    .map(([name, body]): Body => [`${name}, too long`, body]),
  [
    '100,000 tools with different names',
    () =>
      result({
        tools: Array.from({ length: 100_000 }, (_, n) => ({ name: `t${n}`, inputSchema: { type: 'object' } })),
      }),
  ],
  ['a description of four megabytes', () => ofTool({ description: 'x '.repeat(2_000_000) })],
  [
    'a schema of 100,000 properties',
    () =>
      ofTool({
        inputSchema: {
          type: 'object',
          properties: Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`p${n}`, {}])),
        },
      }),
  ],
  [
    'a schema that nests 5,000 levels',
    () =>
      `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"x","inputSchema":{"type":"object","properties":${'{"a":{"properties":'.repeat(5_000)}{}${'}}'.repeat(5_000)}}}]}}`,
  ],
  [
    '500 tools with the same name',
    () => result({ tools: Array.from({ length: 500 }, () => ({ name: 'x', inputSchema: { type: 'object' } })) }),
  ],
  [
    'names of control characters and reversed text',
    () => result({ tools: [{ name: '\u202e\0\n<b>', inputSchema: { type: 'object' } }] }),
  ],
  [
    'an "__proto__" beside the list',
    () =>
      '{"jsonrpc":"2.0","id":1,"result":{"__proto__":{"x":1},"tools":[{"name":"__proto__","inputSchema":{"type":"object","__proto__":{}}}]}}',
  ],
];

const checkedOf = (name: string, body: () => string, stream: boolean): Behaviour => ({
  name: `a tool list for the registry's check ${stream ? 'in an event' : 'as JSON'}: ${name}`,
  uses: ['check'],
  answer: when(
    ({ rpc }) => rpc === 'tools/list',
    (heard) => {
      const text = built(name, body).replace('"id":1', `"id":${JSON.stringify(heard.id)}`);
      if (stream) begin(heard, event(text)).end();
      else answer(heard, 'application/json', text);
    },
  ),
});

/** What a server answers to the registry's check. */
export const checks: Kind = {
  name: 'Answers to the registry’s check',
  means: 'the registry lives, and shows its pages meanwhile',
  behaviours: [
    ...checkedBodies.map(([name, body]) => checkedOf(name, body, false)),
    ...largeBodies(forRegistry)
      .slice(0, 3)
      .map(([name, body]) => checkedOf(name, body, true)),
    pages,
    {
      name: 'an initialize answer of four megabytes',
      uses: ['check', 'connect'],
      answer: when(
        ({ rpc }) => rpc === 'initialize',
        (heard) => {
          const text = JSON.stringify({
            jsonrpc: '2.0',
            id: heard.id,
            result: {
              protocolVersion: '2025-06-18',
              capabilities: {},
              serverInfo: { name: 'x', version: '1' },
              instructions: 'x'.repeat(forRegistry - 400),
            },
          });
          answer(heard, 'application/json', text);
        },
      ),
    },
    {
      name: 'an endless stream by GET',
      uses: ['check'],
      answer: when(isGet, (heard) => begin(heard, ': x\n\n')),
    },
  ],
};
