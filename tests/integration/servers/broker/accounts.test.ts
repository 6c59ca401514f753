import { json } from 'node:stream/consumers';
import { connectKey } from '../../../../policy/request/client-pages.ts';
import type { Era } from '../../../../servers/broker/exchange.ts';
import { createGate } from '../../../../servers/broker/members/gate.ts';
import { createCallOnce } from '../../../../servers/broker/once.ts';
import { BrokerScene } from '../../../support/servers/broker-scene.ts';

const page = 'https://gateway.example/accounts/connect/notion';
const message = `The server notion wants an account of your own: connect it at ${page}, then try again.`;
const pageMessage = 'The server notion wants an account of your own: connect it, then try again.';
let isGate = true;
let scene: BrokerScene;
const methods: unknown[] = [];
beforeAll(async () => {
  scene = await BrokerScene.start({
    async notion(req, res) {
      const { id, method } = (await json(req)) as { id: unknown; method: unknown };
      methods.push(method);
      const error = { code: -32003, message, data: { reason: 'account_needed', connect: page } };
      res.writeHead(200, { 'content-type': 'application/json', ...(isGate && { 'x-deny-code': 'account_needed' }) });
      res.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
    },
  });
});
beforeEach(() => {
  isGate = true;
  methods.length = 0;
});
afterAll(() => scene.close());

// The server itself may open no pages: this one is the gate's.
const notion = (era: Era) => ({ server: 'notion', era });
const params = { mode: 'url', url: page, message: pageMessage };

describe.each<Era>(['old', 'new'])('a call at a member of the %s era that needs an account of the caller', (era) => {
  test('asks a client of 2026-07-28 by its result', async () => {
    const got = await scene.tool(notion(era), 'search');
    expect(got.last.result).toEqual({
      resultType: 'input_required',
      inputRequests: { [connectKey]: { method: 'elicitation/create', params } },
    });
    expect(methods).toEqual([era === 'old' ? 'initialize' : 'tools/call']);
  });

  test('asks a client of 2025-11-25 by the error with pages', async () => {
    const got = await scene.tool(notion(era), 'search', {}, { session: scene.session() });
    const elicitations = [{ ...params, elicitationId: expect.any(String) }];
    expect(got.last.error).toEqual({ code: -32042, message, data: { reason: 'account_needed', elicitations } });
  });

  test.each([
    ['that opens no pages', {}, { capabilities: { elicitation: { form: {} } } }],
    ['that has asked its person already', { inputResponses: { [connectKey]: { action: 'accept' } } }, {}],
  ])('tells a client of 2026-07-28 %s by the sentence with the link', async (_which, more, client) => {
    const got = await scene.tool(notion(era), 'search', more, client);
    expect(got.last.error).toEqual({ code: -32003, message, data: { reason: 'account_needed', connect: page } });
  });

  test('tells a client of an older version by the sentence with the link', async () => {
    const session = scene.session({ protocolVersion: '2025-06-18' });
    const got = await scene.tool(notion(era), 'search', {}, { session });
    expect(got.last.error).toMatchObject({ code: -32003, message });
  });

  test('opens no page for a server that writes what the gate would', async () => {
    isGate = false;
    for (const more of [{}, { session: scene.session() }]) {
      const got = await scene.tool(notion(era), 'search', {}, more);
      expect(got.last.result).toBeUndefined();
      expect(got.last.error.code).toBe(-32003);
    }
  });
});

test('mcpgw tells the sentence with the link, and does not take the server for one of the old era', async () => {
  const callOnce = createCallOnce(createGate(scene.origin, 'https://gateway.example'), { name: 'mcpgw', version: '1' });
  const { signal } = new AbortController();
  const asking = { owner: 'person:alice', delegation: 'd', traceparent: undefined };
  const schema = () => Promise.resolve({});
  const call = () => callOnce(asking, { server: 'notion', tool: 'search', arguments: {}, schema, signal });
  await expect(call()).rejects.toThrow(message);
  await expect(call()).rejects.toThrow(message);
  expect(methods).toEqual(['server/discover', 'server/discover']);
});
