import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  json,
  message,
  type Relay,
  sleep,
  startRawUpstream,
  startRelay,
  startUpstream,
  stream,
  until,
} from '../../support/relay/relay-fixture.ts';

let relay: Relay;
let bob: string;
beforeEach(async () => {
  relay = await startRelay({ maxAnswer: 8_388_608 });
  bob = await relay.person('bob', 'some');
});
afterEach(() => relay.close());

const megabyte = Buffer.alloc(1_048_576, 'x');

/** Writes up to `megabytes` as fast as the other side reads. @returns how many it accepted */
function pour(response: ServerResponse, megabytes: number) {
  const taken = { megabytes: 0 };
  // Each race leaves a listener.
  response.setMaxListeners(0);
  const run = async () => {
    while (taken.megabytes < megabytes && !response.destroyed) {
      taken.megabytes++;
      if (!response.write(megabyte)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    if (!response.destroyed) response.end();
  };
  void run().catch(() => undefined);
  return taken;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * The largest growth of this process's memory while `during` runs, in megabytes. It holds what the tests before have left, and what
 * their garbage takes.
 */
async function growth(during: () => Promise<void>): Promise<number> {
  collectGarbage();
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 10);
  await during();
  clearInterval(timer);
  return (most - before) / 1_048_576;
}

describe('a gigabyte', () => {
  test.each([
    ['in one event', stream, 'text/event-stream', 'data: ', '<cut>'],
    [
      'in one list',
      { body: message('tools/list') },
      'application/json',
      '{"result":{"tools":["',
      'upstream_answer_too_large',
    ],
    [
      'in a list with the content type of text',
      { body: message('tools/list') },
      'text/plain',
      '',
      'upstream_answer_too_large',
    ],
  ])(
    '%s is aborted after a few megabytes, and takes less than two hundred of memory',
    async (_how, asked, type, begun, ending) => {
      let taken = { megabytes: 0 };
      const upstream = await relay.lead(
        await startUpstream((response) => {
          response.writeHead(200, { 'content-type': type }).write(begun);
          taken = pour(response, 1_024);
        }),
      );
      const grown = await growth(async () => {
        const { text } = await relay.read(bob, asked);
        expect(text).toContain(ending);
        expect(await until(() => upstream.gone() === 1, 10_000)).toBe(true);
      });
      expect(taken.megabytes).toBeLessThan(60);
      expect(grown).toBeLessThan(200);
      expect(relay.logged('upstream_answer_too_large')).toHaveLength(1);
    },
  );
});

test('A list that arrives one byte at a time takes no more memory than any other', async () => {
  const one = Buffer.from('1\r\nx\r\n'.repeat(10_000));
  await relay.close();
  relay = await startRelay({ maxAnswer: 1_000_000 });
  bob = await relay.person('bob', 'some');
  await relay.lead(
    await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
      const more = () =>
        void (socket.destroyed || (socket.write(one) ? setImmediate(more) : socket.once('drain', more)));
      more();
    }),
  );
  const grown = await growth(async () => {
    expect((await relay.read(bob, { body: message('tools/list') })).text).toContain('upstream_answer_too_large');
  });
  expect(grown).toBeLessThan(200);
});

describe('a client that reads slowly', () => {
  test.each([
    [
      'a stream of 40 MB',
      40_000_000,
      stream,
      (response: ServerResponse) => void response.writeHead(200, { 'content-type': 'text/event-stream' }),
    ],
  ])(
    'slows the server down: the relay reads ahead no more than a few megabytes of %s',
    async (_what, size, asked, begin) => {
      let sent = 0;
      await relay.lead(
        await startUpstream(async (response) => {
          begin(response);
          response.setMaxListeners(0);
          const event = Buffer.from(`data: {"x":"${'x'.repeat(100_000)}"}\n\n`);
          for (; sent < size && !response.destroyed; sent += event.length) {
            if (!response.write(event))
              await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => undefined);
          }
          response.end();
        }),
      );
      const answer = await relay.ask(bob, asked);
      answer.pause();
      const grown = await growth(() => sleep(700));
      // The kernel's buffers of two connections, and a few events.
      expect(sent).toBeLessThan(20_000_000);
      expect(grown).toBeLessThan(100);
      let received = 0;
      for await (const chunk of answer as AsyncIterable<Buffer>) received += chunk.length;
      expect(received).toBe(sent);
      expect(received).toBeGreaterThanOrEqual(size);
    },
  );
});

test('Many concurrent requests each get their own answer', async () => {
  await relay.lead(
    await startUpstream((response, { body }) => {
      const { id } = JSON.parse(body) as { id: number };
      setTimeout(
        () => json(response, { jsonrpc: '2.0', id, result: { tools: [{ name: 'get_a' }, { name: `set_${id}` }] } }),
        id % 7,
      );
    }),
  );
  const { headers } = await relay.admit(bob, { body: message('tools/list') });
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, id) => {
      const answer = await relay.send(headers, { body: { ...message('tools/list'), id } });
      let text = '';
      for await (const part of answer) text += part;
      return text;
    }),
  );
  expect(answers).toEqual(
    answers.map((_, id) => JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [{ name: 'get_a' }] } })),
  );
});
