import { row } from '../support/rows/row.ts';

const attack = 'e2e/attack/hostile-server';
const fuzzer = 'integration/relay/fuzzed-answers';
const anyAnswer = 'No reader sees in a changed answer what its caller may not use, and all readers read the same';

/** What a hostile MCP server could do by its answers. */
export const answers = [
  row('s1', 'a server shows a caller no tool that the caller may not use, however it writes its list', {
    [attack]: ['gets nothing through'],
    [fuzzer]: [anyAnswer],
    attack: [
      'a list as JSON, in a batch',
      'a list as JSON, with the list twice, empty first',
      'a list as application/json; x="text/event-stream"',
      'a list in an event behind a byte order mark that was encoded twice',
      'a list in an event with charset=utf-7',
      'a list in an event with U+2028 as line end',
      'a list in an answer 404',
    ],
  }),
  row('s2', 'a server leads no client, with its credential, to another server', {
    [attack]: [
      'gets nothing through',
      'A hostile server gets lists and addresses through an nginx that never asks the relay',
    ],
    [fuzzer]: [anyAnswer],
    attack: [
      'an endpoint event as it should be',
      'an endpoint event behind a byte order mark that was encoded twice',
      'an endpoint event with charset=utf-7',
      'a second endpoint event, which leads to another server',
      'an endpoint event in the answer to a POST',
      'a redirect to another server',
    ],
  }),
  row('s3', 'letter case in an answer hides nothing from the filter', {
    attack: [
      'a list as JSON, as Tools',
      'a list as JSON, as RESULT beside result',
      'a list as JSON, with Name in place of name',
      'a list as JSON, with the long s of Unicode',
    ],
  }),
  row('s4', 'made-up ids in an answer do not keep the auth-server from answering others', {
    [attack]: ['ends no part of it'],
    attack: ['10,000 task ids in an event of a stream, by GET', '10,000 answers that each make a task, on one stream'],
  }),
  row('s5', 'no answer ends the relay or the registry', {
    [attack]: ['ends no part of it'],
    attack: [
      'a list of eight megabytes: [0,0,…]',
      'an event of eight megabytes: [{},{},…]',
      "a tool list for the registry's check as JSON: [0,0,…]",
      'an answer that never ends, as JSON',
      'an event that never ends',
    ],
  }),
  row('s6', 'a stream ends with its session, whatever it says that it is', {
    attack: ['a stream as text/plain', 'a stream as no type', 'a stream whose head comes late'],
  }),
  row('s7', 'a server ends no session of its callers at other servers', {
    attack: ['1200 endpoint events', '1200 tasks on a stream'],
  }),
  row('s8', 'a server makes no connection a tunnel, and its HTTP is read in one way', {
    attack: ['an answer 101', 'two Content-Lengths', 'Content-Length and chunks', 'a second answer behind the first'],
  }),
  row('s9', 'neither the definition of a tool nor its answer acts in the page that tries it', {
    'browser/try-form': [
      'An answer is text, whatever it holds, with hidden characters spelled out and bounded in size',
      'No field can be filled in from what the browser knows of a person',
      'A refusal is only called one of the gateway if the gateway sent it',
    ],
    'integration/registry/pages/try-page': [
      'Texts of the server stay text, whatever they hold, and the tool is called by its real name',
    ],
    'unit/registry/pages/try/form-model': ['references that double at each level'],
  }),
];
