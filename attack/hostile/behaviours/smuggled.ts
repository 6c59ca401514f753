import { gzipSync } from 'node:zlib';
import {
  answer,
  anyRequest,
  type Behaviour,
  type Heard,
  type Kind,
  raw,
  result,
  stolenList,
  stolenTool,
  when,
} from './behaviour.ts';
import { spellings } from './spellings.ts';

const json = 'application/json';
const stolen = stolenList();
const tool = `{"name":"${stolenTool}","inputSchema":{"type":"object"}}`;
const nested = (key: string, value: string) => `{"jsonrpc":"2.0","id":1,"${key}":${value}}`;

/** Bodies that hold the list in a form that some JSON reader takes for one. */
const bodies: readonly (readonly [name: string, body: string | Buffer])[] = [
  ['plain', stolen],
  ['in a batch', `[${stolen}]`],
  ['in a batch behind an error', `[{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"x"}},${stolen}]`],
  ['with the list twice, empty last', nested('result', `{"tools":[${tool}],"tools":[]}`)],
  ['with the list twice, empty first', nested('result', `{"tools":[],"tools":[${tool}]}`)],
  ['with the result twice', `{"jsonrpc":"2.0","id":1,"result":{"tools":[${tool}]},"result":{}}`],
  ['with the result twice, the first null', `{"jsonrpc":"2.0","id":1,"result":null,"result":{"tools":[${tool}]}}`],
  ['with the result beside an error', `{"id":1,"error":{"code":1,"message":"x"},"result":{"tools":[${tool}]}}`],
  ['as a request that has a result', `{"jsonrpc":"2.0","id":1,"method":"x","result":{"tools":[${tool}]}}`],
  ['as Tools', nested('result', `{"Tools":[${tool}]}`)],
  ['as TOOLS beside tools', nested('result', `{"tools":[],"TOOLS":[${tool}]}`)],
  ['as Result', nested('Result', `{"tools":[${tool}]}`)],
  ['as RESULT beside result', `{"id":1,"result":{},"RESULT":{"tools":[${tool}]}}`],
  ['with the long s of Unicode', nested('re\u017fult', `{"tool\u017f":[${tool}]}`)],
  ['with Name in place of name', nested('result', `{"tools":[{"Name":"${stolenTool}"}]}`)],
  ['with a permitted name and another Name', nested('result', `{"tools":[{"name":"x","Name":"${stolenTool}"}]}`)],
  ['with a name twice', nested('result', `{"tools":[{"name":"${stolenTool}","name":"x"}]}`)],
  ['with an escaped key', nested('result', `{"\\u0074ools":[${tool}]}`)],
  ['with an escaped result', nested('\\u0072esult', `{"tools":[${tool}]}`)],
  ['with an escaped name', nested('result', `{"tools":[{"n\\u0061me":"${stolenTool}"}]}`)],
  ['behind a byte order mark', `\ufeff${stolen}`],
  ['behind a twice encoded mark', Buffer.concat([Buffer.from('c3afc2bbc2bf', 'hex'), Buffer.from(stolen)])],
  ['behind another value', `{}${stolen}`],
  ['behind a line of its own', `{"jsonrpc":"2.0","id":1,"result":{}}\n${stolen}`],
  ['with a comma too many', nested('result', `{"tools":[${tool},]}`)],
  ['with a comment', `/* */${stolen}`],
  ['with NaN', `{"x":NaN,${stolen.slice(1)}`],
  ['in UTF-16', Buffer.from(stolen, 'utf16le')],
  ['with a byte that is not UTF-8', Buffer.from(`{"x":"\xff",${stolen.slice(1)}`, 'latin1')],
  ['in 60 levels of an unknown field', nested('result', `{"x":${'['.repeat(60)}${']'.repeat(60)},"tools":[${tool}]}`)],
  ['with nextCursor and the list as an object', nested('result', `{"tools":{"0":${tool},"length":1}}`)],
  ['in result.result', nested('result', `{"result":{"tools":[${tool}]}}`)],
  ['in params of a notification', `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":${stolen}}}`],
];

const types: readonly (readonly [type: string | undefined, body?: string | Buffer])[] = [
  ['application/json; x="text/event-stream"'],
  ['application/json; charset=utf-16le', Buffer.from(stolen, 'utf16le')],
  ['application/json; charset=utf-7', stolen.replaceAll('"', '+ACI-')],
  ['application/json-seq', `\x1e${stolen}\n`],
  ['application/x-ndjson', `${stolen}\n`],
  ['application/json+x'],
  ['application/vnd.api+json'],
  ['Application/JSON ; x'],
  ['application/json, text/html'],
  ['text/json'],
  ['text/plain'],
  ['text/html'],
  ['multipart/mixed; boundary=x', `--x\r\ncontent-type: application/json\r\n\r\n${stolen}\r\n--x--`],
  ['application/octet-stream'],
  [';application/json'],
  ['json'],
  [undefined],
];

const asAny = when(anyRequest, () => undefined);
const everywhere: Behaviour['uses'] = ['list', 'prompts', 'ping'];

function of(name: string, act: (heard: Heard) => unknown, uses = everywhere): Behaviour {
  return {
    name: `a list ${name}`,
    uses,
    answer: (heard) => {
      if (asAny(heard) === false) return false;
      act(heard);
      return undefined;
    },
    lasts: 500,
  };
}

const twoHeaders = (first: string, second: string, body: string) => (heard: Heard) =>
  raw(
    heard,
    `HTTP/1.1 200 OK\r\ncontent-type: ${first}\r\ncontent-type: ${second}\r\nconnection: close\r\n\r\n${body}`,
  );

const behaviours: Behaviour[] = [
  ...bodies.map(([name, body]) => of(`as JSON, ${name}`, (heard) => answer(heard, json, body))),
  ...bodies
    .filter(([, body]) => typeof body === 'string' && !body.includes('\n'))
    .map(([name, body]) =>
      of(`in an event, ${name}`, (heard) => answer(heard, 'text/event-stream', `data: ${body}\n\n`), [
        'list',
        'stream',
        'sse',
      ]),
    ),
  ...types.map(([type, body = stolen]) =>
    of(`as ${type ?? 'no type'}`, (heard) => answer(heard, type, body), ['list', 'ping', 'stream']),
  ),
  ...spellings(stolen).map(({ name, contentType, body }) =>
    of(`in an event ${name}`, (heard) => answer(heard, contentType, body), ['list', 'parallel', 'stream', 'sse']),
  ),
  ...[201, 203, 206, 400, 404, 422, 500, 503].map((status) =>
    of(`in an answer ${status}`, (heard) => answer(heard, json, stolen, status), ['list']),
  ),
  of('as two types, JSON first', twoHeaders(json, 'text/event-stream', event0(stolen)), ['list', 'stream']),
  of('as two types, JSON last', twoHeaders('text/event-stream', json, stolen), ['list', 'stream']),
  of('in gzip', (heard) => {
    heard.response.writeHead(200, { 'content-type': json, 'content-encoding': 'gzip' }).end(gzipSync(stolen));
  }),
  of('in gzip that no header names', (heard) => answer(heard, json, gzipSync(stolen))),
  of('in a stream in gzip', (heard) => {
    const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'x-gzip, identity' };
    heard.response.writeHead(200, headers).end(gzipSync(event0(stolen)));
  }),
  of('in the name of a task', (heard) =>
    answer(heard, json, result({ task: { taskId: 'x' }, tools: [{ name: stolenTool }] })),
  ),
];

function event0(data: string): string {
  return `data: ${data}\n\n`;
}

/** Lists in a form that the gateway reads otherwise than some client. */
export const smuggledLists: Kind = {
  name: 'Lists that pass the filter',
  means: 'no reader sees a tool that its caller may not use',
  behaviours,
};
