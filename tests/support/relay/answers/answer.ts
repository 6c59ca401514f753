import { mutateTree, textOf, treeOf } from './json-tree.ts';
import type { Random } from './random.ts';
import { messages, type RequestName, requestNames } from './seeds.ts';

/** An answer of a hostile server. */
export interface HostileAnswer {
  request: RequestName;
  status: number;
  contentType: string | undefined;
  /** Latin-1, so that a case can be kept as text. */
  body: string;
}

const types = [
  'application/json; charset=utf-8',
  'application/json; charset=utf-16le',
  'application/json; x="text/event-stream"',
  'application/json, text/event-stream',
  'text/event-stream, application/json',
  'text/event-stream; charset=utf-7',
  'text/event-stream; charset=utf-16le',
  'text/event-stream;charset=iso-8859-1',
  'TEXT/EVENT-STREAM',
  'text/event-streams',
  'text/plain',
  'application/octet-stream',
  ' application/json',
  'application/json+x',
  undefined,
];
const lineEnds = ['\r', '\r\n', '\u2028', '\u2029', '\u0085', '\v', '\f', '\x1c', '\n\r'];
const fields = [
  'DATA',
  'Data',
  ' data',
  'data ',
  '\tdata',
  '\ufeffdata',
  'ï»¿data',
  '\u200bdata',
  '\0data',
  'dat',
  'data\t',
];
const names = [
  'message',
  'endpoint',
  ' endpoint',
  'Endpoint',
  'end\u2028point',
  'error',
  '',
  'endpoint\r',
  'x\u0085data: {}',
];
const endpoints = [
  '/victim/mcp',
  '/messages?sessionId=1',
  '//evil.example/x',
  'http://127.0.0.1:1/',
  '../victim/mcp',
  '/one/messages?x',
];
const others = [': comment', 'retry: 10', 'id: 5', 'id: 1\u2028data: {}', 'x: y', 'data', 'event', ':', '', ' '];
const byteStrings = [
  '\ufeff',
  'ï»¿',
  '\n',
  '\r',
  '\n\n',
  '\u2028',
  '\u0085',
  '\0',
  'data: ',
  'event: endpoint\n',
  '\xff',
  '{',
  '}',
  ']',
  '"',
  '\\',
];

/** Makes one answer from real ones. */
export function hostileAnswer(random: Random): HostileAnswer {
  const request = random.pick(requestNames);
  const isGet = request.endsWith('stream');
  const isStream = isGet ? !random.once(8) : random.once(2);
  const text = isStream ? stream(random) : json(random);
  const usual = isStream ? 'text/event-stream' : 'application/json';
  const bytes = random.once(4) ? mutateBytes(Buffer.from(text), random) : Buffer.from(text);
  return {
    request,
    status: random.once(20) ? random.pick([201, 202, 203, 400, 404, 500]) : 200,
    contentType: random.once(4) ? random.pick(types) : usual,
    body: (random.once(40) ? Buffer.from(text, 'utf16le') : bytes).toString('latin1'),
  };
}

function json(random: Random): string {
  let tree = treeOf(random.pick(messages));
  for (let left = random.int(5); left > 0; left--) tree = mutateTree(tree, random, messages);
  const text = textOf(tree, random.pick(['', '', ' ', '\n', '\t']));
  if (random.once(30)) return text + json(random);
  return text;
}

function stream(random: Random): string {
  const events: string[] = [];
  for (let left = 1 + random.int(3); left > 0; left--)
    events.push(random.once(5) ? endpoint(random) : messageEvent(random));
  let text = events.join('');
  if (random.once(6)) text = text.replaceAll('\n', random.pick(lineEnds));
  if (random.once(10)) text = text.replace('\n', random.pick(lineEnds));
  if (random.once(10)) text = random.pick(['\ufeff', '\ufeff\ufeff', 'ï»¿', '\ufeffï»¿', '\n', '\0']) + text;
  if (random.once(20)) text = text.trimEnd();
  return text;
}

function messageEvent(random: Random): string {
  const lines = json(random).split('\n');
  const field = random.once(8) ? random.pick(fields) : 'data';
  const data = lines.map((line) => `${field}:${random.once(8) ? '' : ' '}${line}\n`).join('');
  const name = random.once(3) ? `event: ${random.once(4) ? random.pick(names) : 'message'}\n` : '';
  const more = random.once(5) ? `${random.pick(others)}\n` : '';
  return random.once(2) ? `${more}${name}${data}\n` : `${name}${data}${more}\n`;
}

function endpoint(random: Random): string {
  const field = random.once(4) ? random.pick(fields) : 'data';
  const name = random.once(4) ? random.pick(names) : 'endpoint';
  const more = random.once(5) ? `${random.pick(others)}\n` : '';
  return `event: ${name}\n${more}${field}: ${random.pick(endpoints)}\n\n`;
}

function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let changed = bytes;
  for (let left = 1 + random.int(4); left > 0; left--) {
    const at = random.int(changed.length + 1);
    const length = random.int(20);
    const [head, tail] = [changed.subarray(0, at), changed.subarray(at)];
    switch (random.int(5)) {
      case 0:
        changed = Buffer.concat([head, Buffer.from(random.pick(byteStrings)), tail]);
        break;
      case 1:
        changed = Buffer.concat([head, Buffer.from([random.int(256)]), tail.subarray(1)]);
        break;
      case 2:
        changed = Buffer.concat([head, tail.subarray(length)]);
        break;
      case 3:
        changed = Buffer.concat([head, tail.subarray(0, length), tail]);
        break;
      default:
        changed = random.once(5) ? head : changed;
    }
  }
  return changed;
}
