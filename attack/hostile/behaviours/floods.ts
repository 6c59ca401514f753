import {
  answer,
  anyRequest,
  type Behaviour,
  begin,
  event,
  isGet,
  type Kind,
  keepWriting,
  raw,
  result,
  when,
} from './behaviour.ts';
import { manyTasks } from './many-ids.ts';

const megabyte = 'x'.repeat(1_000_000);
const head = (contentType: string) => ({ 'content-type': contentType });
const flood = (name: string, contentType: string, next: (n: number) => string | Buffer, pause = 0): Behaviour => ({
  name,
  uses: ['list', 'stream', 'call'],
  answer: when(anyRequest, ({ response }) => {
    response.writeHead(200, head(contentType));
    keepWriting(response, next, pause);
  }),
  lasts: 3_000,
});

const stream = 'text/event-stream';
const json = 'application/json';

/** Answers that never end, come too fast or too slowly. */
export const floods: Kind = {
  name: 'Floods and drips',
  means: 'others are answered as before',
  behaviours: [
    flood('empty events as fast as they are read', stream, () => 'data:\n\n'.repeat(5_000)),
    flood('comments as fast as they are read', stream, () => ':\n\n'.repeat(10_000)),
    flood('line ends only', stream, () => '\n'.repeat(60_000)),
    flood('carriage returns only', stream, () => '\r'.repeat(60_000)),
    flood('small messages as fast as they are read', stream, (n) =>
      event(`{"jsonrpc":"2.0","method":"x","params":{"n":${n}}}`).repeat(1_000),
    ),
    flood('events that name tasks as fast as they are read', stream, (n) => event(manyTasks(n * 10_000))),
    flood('events with lists as fast as they are read', stream, () =>
      event(result({ tools: Array.from({ length: 1_000 }, (_, n) => ({ name: `t${n}` })) })),
    ),
    flood('events of eight megabytes', stream, () => event(`{"x":"${megabyte.repeat(8)}"}`)),
    flood('an event that never ends', stream, () => megabyte),
    flood('an event of one-letter lines that never ends', stream, () => 'data: x\n'.repeat(20_000)),
    flood('data lines of a list, never ended', stream, () => `data: {"tools":[\n${'data: 0,\n'.repeat(20_000)}`),
    flood('fields that no reader knows, never ended', stream, () => 'x: y\n'.repeat(20_000)),
    flood('an answer that never ends, as JSON', json, () => megabyte),
    flood('an answer that never ends, as text', 'text/plain', () => megabyte),
    flood('an answer of spaces that never ends, as JSON', json, () => ' '.repeat(1_000_000)),
    flood('one byte of an event every 10 ms', stream, (n) => 'data: {"jsonrpc":"2.0"}'[n % 23] ?? ' ', 10),
    flood('one byte of JSON every 10 ms', json, (n) => (n === 0 ? '{' : ' '), 10),
    {
      name: 'a head and nothing more',
      uses: ['list', 'stream', 'call'],
      answer: when(anyRequest, ({ response }) => void response.writeHead(200, head(json)).flushHeaders()),
    },
    { name: 'no answer at all', uses: ['list', 'stream', 'call'], answer: when(anyRequest, () => undefined) },
    {
      name: 'a header line that never ends',
      uses: ['list', 'stream'],
      answer: when(anyRequest, (heard) => {
        raw(heard, 'HTTP/1.1 200 OK\r\nx: ');
        for (let n = 0; n < 100; n++) raw(heard, 'x'.repeat(10_000));
      }),
    },
    {
      name: 'one byte of a header every 20 ms',
      uses: ['list', 'stream'],
      answer: when(anyRequest, (heard) => {
        const timer = setInterval(() => raw(heard, 'H'), 20);
        heard.response.once('close', () => clearInterval(timer));
      }),
    },
    {
      name: '300 open streams that each answer every 10 ms',
      uses: Array.from({ length: 300 }, () => 'stream' as const),
      answer: when(isGet, (heard) => keepWriting(begin(heard), () => event('{"jsonrpc":"2.0","method":"x"}'), 10)),
      lasts: 3_000,
    },
    {
      name: '100 lists of a megabyte at the same time',
      uses: Array.from({ length: 100 }, () => 'list' as const),
      answer: when(anyRequest, (heard) =>
        answer(
          heard,
          json,
          result({ tools: Array.from({ length: 20_000 }, (_, n) => ({ name: `a-tool-with-a-name-${n}` })) }),
        ),
      ),
      lasts: 5_000,
    },
  ],
};
