import type { OutgoingHttpHeaders } from 'node:http';
import {
  type json,
  legacyStream,
  message,
  result,
  sse,
  stream,
  taskCall,
  tools,
} from '../../support/relay/relay-fixture.ts';
import { startScene } from '../../support/relay/scene.ts';

const { relay, server, bob } = await startScene({ maxAnswer: 200_000, questionBurst: 3 });
afterAll(() => relay.close());

/** bob may use `get_a`, and not `set_secret`. */
const list = JSON.stringify(tools('get_a', 'set_secret'));
const send =
  (status: number, headers: OutgoingHttpHeaders, body: string | Buffer) => (response: Parameters<typeof json>[0]) =>
    void response.writeHead(status, headers).end(body);
const typed = (type: string, body: string | Buffer, status = 200) => send(status, { 'content-type': type }, body);
const event = (data: string) => `data: ${data}\n\n`;
const streamed = (bytes: string | Buffer) => typed('text/event-stream', bytes);

describe('a list reaches no client past the filter', () => {
  test.each<[string, ReturnType<typeof typed>]>([
    ['whose content type only mentions streams', typed('application/json; x="text/event-stream"', list)],
    [
      'in an event whose content type only mentions JSON',
      typed('text/event-stream; x="application/json"', event(list)),
    ],
    ['as text', typed('text/plain', list)],
    ['without a content type', send(200, {}, list)],
    ['in another encoding by its content type', typed('text/event-stream; charset=utf-7', event(list))],
    ['in UTF-16', typed('application/json', Buffer.from(list, 'utf16le'))],
    ['in UTF-16 events', streamed(Buffer.from(event(list), 'utf16le'))],
    ['behind a byte order mark', typed('application/json', `\ufeff${list}`)],
    ['behind several byte order marks', streamed(`\ufeff\ufeff${event(list)}`)],
    ['behind the bytes of a mark that was encoded twice', streamed(Buffer.from(`\u00ef\u00bb\u00bf${event(list)}`))],
    ['behind a line separator in a comment', streamed(`: x\u2028data: ${list}\n\n`)],
    ['behind a next-line character in another field', streamed(`x: \u0085data: ${list}\n\n`)],
    ['behind a form feed', streamed(`: x\fdata: ${list}\n\n`)],
    ['in a field in capitals', streamed(`DATA: ${list}\n\n`)],
    ['in a field with a space before the colon', streamed(`data : ${list}\n\n`)],
    ['in a field with a space before the name', streamed(` data: ${list}\n\n`)],
    ['in an event of another name', streamed(`event: other\ndata: ${list}\n\n`)],
    ['in an event of the endpoint', streamed(`event: endpoint\ndata: ${list}\n\n`)],
    ['with a key in another case', typed('application/json', list.replace('"result"', '"Result"'))],
    ['with a key twice', typed('application/json', list.replace('"tools"', '"tools":[],"tools"'))],
    ['with a key in another case beside it', typed('application/json', list.replace('"tools"', '"tools":[],"Tools"'))],
    ['with names in another case', typed('application/json', list.replaceAll('"name"', '"name":"get_a","Name"'))],
    ['with names twice', typed('application/json', list.replaceAll('"name"', '"name":"get_a","name"'))],
    ['in a batch', typed('application/json', `[${list}]`)],
    ['in an error', typed('application/json', list, 400)],
    ['in an error of text', typed('text/plain', list, 404)],
    ['in an error in another encoding', typed('text/plain; charset=utf-16le', Buffer.from(list, 'utf16le'), 400)],
    ['in a redirect', typed('application/json', list, 307)],
    ['compressed by its header only', send(200, { 'content-type': 'application/json', 'content-encoding': 'x' }, list)],
  ])('%s', async (_how, given) => {
    server.answer = given;
    for (const asked of [{ body: message('tools/list') }, { body: message('ping') }, { body: taskCall() }, stream]) {
      const { text } = await relay.read(bob, asked);
      expect(text).not.toContain('set_secret');
      expect(text.replaceAll('\0', '')).not.toContain('set_secret');
    }
  });

  test.each([
    ['as JSON', (text: string) => typed('application/json', text)],
    ['as an event', (text: string) => streamed(event(text))],
  ])('as the answer to another request, %s', async (_how, wrap) => {
    for (const id of [2, '2', 1.5]) {
      server.answer = wrap(JSON.stringify({ ...tools('get_a'), id }));
      expect((await relay.read(bob, { body: message('ping') })).text).not.toContain('get_a');
    }
    server.answer = wrap(JSON.stringify({ ...tools('get_a'), id: '1' }));
    expect((await relay.read(bob, { body: message('ping') })).text).toContain('get_a');
  });

  test('as a second answer to the same request', async () => {
    server.answer = streamed(event(JSON.stringify(result({}))) + event(JSON.stringify(tools('get_a'))));
    expect((await relay.read(bob, { body: message('ping') })).text).toBe(event(JSON.stringify(result({}))));
  });
});

test('The content type is always the gateway’s own', async () => {
  server.answer = typed('application/json; charset=utf-7', JSON.stringify(tools('get_a')));
  expect((await relay.read(bob, { body: message('tools/list') })).headers['content-type']).toBe('application/json');
  server.answer = typed('Text/Event-Stream; charset=utf-7', event('{}'));
  expect((await relay.read(bob, { body: message('ping') })).headers['content-type']).toBe('text/event-stream');
});

test('Only headers on the list are passed on, and no session that was not bound', async () => {
  const own = { 'x-anything': '1', 'set-cookie': 'a=b', refresh: '0', 'mcp-param-x': '1', 'x-relay-error': '{}' };
  server.answer = send(
    200,
    { 'content-type': 'application/json', ...own, 'mcp-session-id': 'made-up', 'retry-after': '3' },
    JSON.stringify(result({})),
  );
  const { headers } = await relay.read(bob, { body: message('ping') });
  expect(Object.keys(headers).sort()).toEqual(
    ['cache-control', 'connection', 'content-length', 'content-type', 'date', 'keep-alive', 'retry-after'].sort(),
  );
});

describe('a GET that is answered by something else than a stream', () => {
  test.each([
    ['text', 'text/plain'],
    ['JSON', 'application/json'],
    ['nothing', undefined],
  ])('called %s is refused, so that it cannot outlive its owner’s access', async (_what, type) => {
    server.answer = (response) =>
      void response.writeHead(200, type === undefined ? {} : { 'content-type': type }).write('x');
    for (const asked of [stream, legacyStream]) {
      const { status, text } = await relay.read(bob, asked);
      expect([status, text]).toEqual([502, expect.stringContaining('upstream_answer_unreadable')]);
    }
  });

  test('called an error that does not end gives its status only, within seconds', async () => {
    server.answer = (response) => void response.writeHead(404, { 'content-type': 'text/plain' }).write('Not');
    expect(await relay.read(bob, stream)).toMatchObject({ status: 404, text: '' });
  });

  test('called an error is passed on', async () => {
    server.answer = typed('text/plain', 'Method Not Allowed', 405);
    expect(await relay.read(bob, stream)).toMatchObject({ status: 405, text: 'Method Not Allowed' });
  });
});

describe('an event that is too large', () => {
  const large = (head: string, tail: string) => event(`{${head}"result":{"x":"${'x'.repeat(300_000)}"}${tail}}`);

  test.each([
    ['a POST', { body: message('ping') }, large('', ''), 1],
    ['a 2024-11-05 stream, with the id first', legacyStream, large('"jsonrpc":"2.0","id":"a-1",', ''), 'a-1'],
    ['a 2024-11-05 stream, with the id last', legacyStream, large('', ',"jsonrpc":"2.0","id":7'), 7],
  ])('on the answer to %s becomes an error that says why, and the stream goes on', async (_what, asked, sent, id) => {
    server.answer = streamed(sent + event('{"method":"next"}'));
    const { text } = await relay.read(bob, asked);
    const [first, second] = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data));
    expect(first).toMatchObject({ id, error: { data: { reason: 'upstream_answer_too_large' } } });
    expect(second).toEqual({ method: 'next' });
  });

  test('and does not end ends its request with an error', async () => {
    server.answer = (response) => {
      const open = sse(response, 'data: ');
      const more = () => {
        open.write('x'.repeat(50_000));
        if (!response.destroyed) setImmediate(more);
      };
      more();
    };
    const { text } = await relay.read(bob, { body: message('ping') });
    expect(text).toContain('upstream_answer_too_large');
  });
});

test('Questions about tasks that no request asked for are limited', async () => {
  const task = (n: number) => event(JSON.stringify(result({ tasks: [{ taskId: `t${n}` }] })));
  server.answer = streamed(Array.from({ length: 50 }, (_, n) => task(n)).join(''));
  const { text } = await relay.read(bob, stream);
  expect(text.match(/"tasks":\[\]/g)?.length).toBeLessThan(40);
  expect(relay.log()).toContain('more about tasks than was asked for');
});
