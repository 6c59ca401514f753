import type { HostileAnswer } from './answer.ts';
import type { RequestName } from './seeds.ts';

const stolen = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"set_a"}]}}';
/** The UTF-8 of a byte order mark, of a mark that was encoded twice, and of U+2028, as Latin-1. */
const mark = '\xef\xbb\xbf';
const twice = '\xc3\xaf\xc2\xbb\xc2\xbf';
const separator = '\xe2\x80\xa8';

const stream = (
  request: RequestName,
  body: string,
  contentType = 'text/event-stream',
  status = 200,
): HostileAnswer => ({
  request,
  status,
  contentType,
  body,
});
const json = (request: RequestName, body: string, contentType = 'application/json'): HostileAnswer =>
  stream(request, body, contentType);

/** Answers that once got past the relay, by what they did. Bodies are Latin-1. */
export const regressions: readonly (readonly [name: string, answer: HostileAnswer])[] = [
  [
    'a list in a stream behind a byte order mark that was encoded twice',
    stream('tools', `${twice}data: ${stolen}\n\n`),
  ],
  ['a list in a stream behind two marks', stream('stream', `${mark}${twice}data: ${stolen}\n\n`)],
  ['a list in a stream behind U+2028', stream('tools', `: x${separator}data: ${stolen}${separator}${separator}\n\n`)],
  [
    'a list in a string of other data, behind U+2028',
    stream('call', `data: {"jsonrpc":"2.0","id":1,"result":{"x":"${separator}${separator}data: {}${separator}"}}\n\n`),
  ],
  ['a list in fields in capitals', stream('prompts', `DATA: ${stolen}\n\n`)],
  ['a list in a stream in UTF-7', stream('tools', `+AGQAYQB0AGE-: ${stolen}\n\n`, 'text/event-stream; charset=utf-7')],
  ['a list as JSON whose type mentions streams', json('tools', stolen, 'application/json; x="text/event-stream"')],
  [
    'a task with two ids in an answer about tasks',
    json('tasks', '{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"one","status":"working","taskId":"two"}}}'),
  ],
  ['a list behind another value', json('initialize', `{}${stolen}`)],
  ['a list under a key with a byte order mark inside', json('tools', stolen.replace('tools', `to${mark}ols`))],
  ['a list under a key in capitals', json('call', stolen.replace('tools', 'TOOLS'))],
  ['a name twice', json('tools', '{"id":1,"result":{"tools":[{"name":"set_a","name":"get_a"}]}}')],
  ['an id twice in a batch', json('tools', '[{"jsonrpc":"2.0","id":8,"id":"ping","method":"ping"}]')],
  ['a task with a second id in another case', json('call', '{"id":1,"result":{"task":{"taskId":"a","TaskId":"b"}}}')],
  ['an endpoint on a stream of the current transport', stream('stream', 'event: endpoint\ndata: /victim/mcp\n\n')],
  ['an endpoint in the answer to a POST', stream('initialize', 'event: endpoint\ndata: /victim/mcp\n\n')],
  [
    'an endpoint behind a byte order mark that was encoded twice',
    stream('legacy stream', `${twice}event: endpoint\ndata: /victim/mcp\n\n`),
  ],
  [
    'an endpoint in the text of an error',
    stream('stream', 'event: endpoint\ndata: /victim/mcp\n\n', 'text/event-stream', 500),
  ],
  [
    'an endpoint that only looks like the own one',
    stream('legacy stream', 'event: endpoint\ndata: /one/messages?x\n\n'),
  ],
];
