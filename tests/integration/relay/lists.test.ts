import { gzipSync } from 'node:zlib';
import { json, message, result, sse, textOf, tools } from '../../support/relay/relay-fixture.ts';
import { startScene } from '../../support/relay/scene.ts';

const { relay, server, bob } = await startScene({ maxAnswer: 100_000 });
afterAll(() => relay.close());

const list = (method = 'tools/list') => relay.read(bob, { body: message(method) });
const odd = '{ "jsonrpc":"2.0" ,"id":1,\n"result":{"nextCursor":"c\\u0031","tools":[ ';
const rest = ' ] ,"_meta":{"n":1e2,"required":[]}} }';
const shown = '{"name":"get_a", "inputSchema":{"required":[],"x":1.0}}';
const hidden = '{"name":"set_a","description":"secret ]}\\""}';

describe('a list for one caller', () => {
  test.each([
    ['a JSON answer', (text: string) => (response: Parameters<typeof json>[0]) => json(response, text)],
    [
      'an event',
      (text: string) => (response: Parameters<typeof json>[0]) =>
        void sse(
          response,
          `event: message\nid: 4\n${text
            .split('\n')
            .map((line) => `data: ${line}\n`)
            .join('')}\n`,
        ).end(),
    ],
  ])('loses the entries that its caller may not use and keeps every other letter, in %s', async (_how, wrap) => {
    server.answer = wrap(`${odd}${hidden} , ${shown}\n,${hidden}${rest}`);
    const { text } = await list();
    const data = text.startsWith('event')
      ? [...text.matchAll(/^data: (.*)$/gm)].map(([, line]) => line).join('\n')
      : text;
    expect(data).toBe(`${odd.trimEnd()}${shown}]${rest.slice(2)}`.replace('\n', ' '));
    if (text.startsWith('event')) expect(text.startsWith('event: message\nid: 4\ndata: ')).toBe(true);
  });

  test('passes event by event, without comments, when nothing is removed', async () => {
    const events = [
      ': hello\n\n',
      'retry: 5\r\n\r\n',
      `data: ${JSON.stringify(tools('get_a'))}\r\r`,
      'data: {"é":"😀"}\n\n',
    ];
    server.answer = (response) => void sse(response, ...events).end();
    expect((await list()).text).toBe(`retry: 5\n\ndata: ${JSON.stringify(tools('get_a'))}\n\ndata: {"é":"😀"}\n\n`);
  });

  test.each([
    ['prompts/list', 'prompts', 'name', ['hello', 'goodbye'], ['hello']],
    [
      'resources/list',
      'resources',
      'uri',
      ['file:///data/a', 'file:///etc/a', 'x:exact'],
      ['file:///data/a', 'x:exact'],
    ],
    [
      'resources/templates/list',
      'resourceTemplates',
      'uriTemplate',
      ['file:///data/{x}', 'http://{x}'],
      ['file:///data/{x}'],
    ],
  ])('of %s holds only the permitted entries', async (method, field, key, all, left) => {
    server.answer = (response) =>
      json(response, result({ [field]: all.map((name) => ({ [key]: name })), nextCursor: 'n' }));
    expect(JSON.parse((await list(method)).text).result).toEqual({
      [field]: left.map((name) => ({ [key]: name })),
      nextCursor: 'n',
    });
  });

  test('is empty for a caller who may use none of it, and the log names the missing rule', async () => {
    server.answer = (response) => json(response, tools('a', 'b'));
    const groupless = await relay.person('nina', 'none');
    const { text, headers } = await relay.read(groupless, { body: message('tools/list') });
    expect(text).toBe(JSON.stringify(tools()));
    expect(headers['cache-control']).toBe('private, no-store');
    expect(relay.log()).toContain('a rule for one with methods: [tools/call] that names one of its tools');
  });

  test.each([
    ['a byte order mark in front of the stream', `\ufeffdata: ${JSON.stringify(tools('set_a'))}\n\n`],
    ['an escape in the key', `data: ${JSON.stringify(tools('set_a')).replace('tools', '\\u0074ools')}\n\n`],
    ['another name of the event', `event: other\ndata: ${JSON.stringify(tools('set_a'))}\n\n`],
    ['no space behind the colon', `data:${JSON.stringify(tools('set_a'))}\n\n`],
    ['carriage returns', `data: ${JSON.stringify(tools('set_a'))}\r\r`],
    ['the list twice', `data: {"id":1,"result":{"tools":[{"name":"set_a"}],"tools":[]}}\n\n`],
    ['the result twice', `data: {"id":1,"result":{"tools":[{"name":"set_a"}]},"result":{}}\n\n`],
    ['the result twice, one of them null', `data: {"id":1,"result":{"tools":[{"name":"set_a"}]},"result":null}\n\n`],
    ['a batch', `data: [${JSON.stringify(tools('set_a'))}]\n\n`],
    ['half a stream', `data: ${JSON.stringify(tools('set_a'))}\n`],
  ])('does not evade the filter of a stream by %s', async (_how, event) => {
    server.answer = (response) => void sse(response, event).end();
    const { text, status } = await list();
    expect(status).toBe(200);
    expect(text).not.toContain('set_a');
  });

  const secret = JSON.stringify(tools('set_a'));
  const typed =
    (type: string, body: string | Buffer, more: object = {}, status = 200) =>
    (response: Parameters<typeof json>[0]) =>
      void response.writeHead(status, { 'content-type': type, ...more }).end(body);
  test.each([
    ['text', typed('text/plain', secret)],
    ['a type that hides JSON', typed('text/plain; application/json', secret)],
    ['another good status', typed('text/html', secret, {}, 201)],
    ['gzip under another name', typed('application/json', gzipSync(secret), { 'content-encoding': 'compress' })],
    ['a stream in gzip twice', typed('text/event-stream', gzipSync(secret), { 'content-encoding': 'gzip, gzip' })],
    ['UTF-16', typed('application/json', Buffer.from(secret, 'utf16le'))],
    ['bytes that are not UTF-8', typed('application/json', Buffer.from(`${secret}\xff`, 'latin1'))],
    ['a byte order mark', typed('application/json', `\ufeff${secret}`)],
    ['broken JSON', typed('application/json', secret.slice(0, -1))],
    ['the list twice', typed('application/json', '{"result":{"tools":[{"name":"set_a"}],"tools":[]}}')],
    ['a batch', typed('application/json', `[${secret}]`)],
  ])('is rejected with 502 when it arrives as %s', async (_what, given) => {
    server.answer = given;
    const { status, text, headers } = await list();
    expect(status).toBe(502);
    expect(text).not.toContain('set_a');
    expect(JSON.parse(text).error.data.reason).toBe('upstream_answer_unreadable');
    expect(headers['x-relay-error']).toBe(text);
  });

  test('is filtered in a stream whose content type only contains text/event-stream, as some clients check', async () => {
    server.answer = typed('application/x; text/event-stream', `data: ${secret}\n\n`);
    expect((await list()).text).not.toContain('set_a');
  });

  test('may be exactly as long as the limit', async () => {
    const long = (bytes: number) => {
      const around = JSON.stringify(result({ tools: [{ name: 'get_a', d: '' }] })).length;
      return JSON.stringify(result({ tools: [{ name: 'get_a', d: 'x'.repeat(bytes - around) }] }));
    };
    server.answer = (response) => json(response, long(100_000));
    expect((await list()).text).toBe(long(100_000));
    server.answer = (response) => json(response, long(100_001));
    expect(await list()).toMatchObject({ status: 502, text: expect.stringContaining('upstream_answer_too_large') });
  });

  test("passes a server's error and status unchanged", async () => {
    const error = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'no' } });
    server.answer = typed('application/json', error, {}, 404);
    expect(await list()).toMatchObject({ status: 404, text: error });
    server.answer = typed('text/plain', 'no such thing', {}, 404);
    expect(await list()).toMatchObject({ status: 404, text: 'no such thing' });
  });

  test('is passed on before the stream ends', async () => {
    server.answer = (response) => void sse(response, `data: ${JSON.stringify(tools('get_a', 'set_a'))}\n\n`);
    const open = await relay.ask(bob, { body: message('tools/list') });
    const first = await new Promise((resolve) => open.once('data', (bytes: Buffer) => resolve(String(bytes))));
    expect(first).toBe(`data: ${JSON.stringify(tools('get_a'))}\n\n`);
    open.destroy();
    await textOf(open);
  });
});
