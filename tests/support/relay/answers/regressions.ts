import type { HostileAnswer } from './answer.ts';

/** Answers that once got past the relay, by what they did. */
export const regressions: readonly (readonly [name: string, answer: HostileAnswer])[] = [
  [
    'a list in a stream behind a byte order mark that was encoded twice',
    {
      request: 'tools',
      status: 200,
      contentType: 'text/event-stream',
      body: '\xc3\xaf\xc2\xbb\xc2\xbfdata: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"set_a"}]}}\n\n',
    },
  ],
];
