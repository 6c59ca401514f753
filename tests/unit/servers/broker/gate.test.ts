import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createGate } from '../../../../servers/broker/members/gate.ts';
import { listen } from '../../../support/listen.ts';

const open: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(open.splice(0).map((close) => close())));

const asking = { owner: 'alice', delegation: 'd', traceparent: undefined };

test('A connection that the gate has closed meanwhile, as nginx does when it loads routes, is used for no call', async () => {
  const server = createServer((_req, res) => res.end('{}'));
  const { port, close } = await listen(server);
  open.push(close);
  const gate = createGate(`http://127.0.0.1:${port}`, 'https://gateway.example');
  for (let i = 0; i < 20; i++) {
    const answer = await gate.ask(asking, { server: 'a' }, { body: Buffer.from('{}') });
    expect(await text(answer)).toBe('{}');
    server.closeIdleConnections();
  }
});

test('A call that is given up before and after its answer has begun ends its request', async () => {
  const ended: Promise<void>[] = [];
  const { port, close } = await listen((req, res) => {
    ended.push(new Promise((resolve) => res.once('close', resolve)));
    res.writeHead(200).flushHeaders();
    req.resume();
  });
  open.push(close);
  const gate = createGate(`http://127.0.0.1:${port}`, 'https://gateway.example');
  const reason = new Error('given up');
  const before = gate.ask(asking, { server: 'a' }, { signal: AbortSignal.abort(reason) });
  await expect(before).rejects.toBe(reason);
  const stop = new AbortController();
  const answer = await gate.ask(asking, { server: 'a' }, { signal: stop.signal });
  stop.abort(reason);
  await expect(text(answer)).rejects.toThrow();
  await Promise.all(ended);
});
