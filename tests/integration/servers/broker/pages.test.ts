import { json } from 'node:stream/consumers';
import { approveKey, connectKey } from '../../../../policy/request/client-pages.ts';
import type { Era } from '../../../../servers/broker/exchange.ts';
import { createGate } from '../../../../servers/broker/members/gate.ts';
import { createCallOnce } from '../../../../servers/broker/once.ts';
import { BrokerScene } from '../../../support/servers/broker-scene.ts';

/** What the gate asks people to do on its own pages. */
const account = {
  ...{ code: 'account_needed', member: 'connect', key: connectKey, refuses: /./ },
  page: 'https://gateway.example/accounts/connect/notion',
  say: (at: string) => `The server notion wants an account of your own: connect it${at}, then try again.`,
};
const approval: typeof account = {
  ...{ code: 'approval_needed', member: 'approve', key: approveKey, refuses: /^tools\/call$/ },
  page: 'https://gateway.example/approvals/abcdefghijklmnopqrstuv',
  say: (at) => `Calling search on notion has to be approved by you yourself${at}. Then repeat the same call.`,
};
/** What the server answers to what the gate lets through. */
const answers: Record<string, object> = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'n', version: '1' } },
  'server/discover': { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
};
let asks = account;
let isGate = true;
let scene: BrokerScene;
const methods: unknown[] = [];
beforeAll(async () => {
  scene = await BrokerScene.start({
    async notion(req, res) {
      if (req.method !== 'POST') return res.writeHead(405).end();
      const { id, method } = (await json(req)) as { id: unknown; method: unknown };
      methods.push(method);
      const { code, member, page, say, refuses } = asks;
      if (!refuses.test(String(method))) {
        res.writeHead(id === undefined ? 202 : 200, { 'content-type': 'application/json', 'mcp-session-id': 's' });
        return res.end(id === undefined ? '' : JSON.stringify({ jsonrpc: '2.0', id, result: answers[String(method)] }));
      }
      const error = { code: -32003, message: say(` at ${page}`), data: { reason: code, [member]: page } };
      res.writeHead(200, { 'content-type': 'application/json', ...(isGate && { 'x-deny-code': code }) });
      res.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
    },
  });
});
beforeEach(() => {
  asks = account;
  isGate = true;
  methods.length = 0;
});
afterAll(() => scene.close());

// The server itself may open no pages: this one is the gate's.
const notion = (era: Era) => ({ server: 'notion', era });

describe.each<[Era, string, typeof account]>([
  ['old', 'an account of the caller', account],
  ['new', 'an account of the caller', account],
  ['old', 'an approval', approval],
  ['new', 'an approval', approval],
])('a call at a member of the %s era that needs %s', (era, _what, asked) => {
  const { code: reason, member, key, page, say } = asked;
  const message = say(` at ${page}`);
  const params = { mode: 'url', url: page, message: say('') };
  beforeEach(() => {
    asks = asked;
  });

  test('asks a client of 2026-07-28 by its result', async () => {
    const got = await scene.tool(notion(era), 'search');
    expect(got.last.result).toEqual({
      resultType: 'input_required',
      inputRequests: { [key]: { method: 'elicitation/create', params } },
    });
    expect(methods.at(era === 'old' && asked === account ? 0 : -1)).toBe(
      era === 'old' && asked === account ? 'initialize' : 'tools/call',
    );
  });

  test('asks a client of 2025-11-25 by the error with pages', async () => {
    const got = await scene.tool(notion(era), 'search', {}, { session: scene.session() });
    const elicitations = [{ ...params, elicitationId: expect.any(String) }];
    expect(got.last.error).toEqual({ code: -32042, message, data: { reason, elicitations } });
  });

  test.each([
    ['that opens no pages', {}, { capabilities: { elicitation: { form: {} } } }],
    ['that has asked its person already', { inputResponses: { [key]: { action: 'accept' } } }, {}],
  ])('tells a client of 2026-07-28 %s by the sentence with the link', async (_which, more, client) => {
    const got = await scene.tool(notion(era), 'search', more, client);
    expect(got.last.error).toEqual({ code: -32003, message, data: { reason, [member]: page } });
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

test.each([
  ['an account', account],
  ['an approval', approval],
])(
  'mcpgw tells the sentence with the link to %s, and does not take the server for one of the old era',
  async (_what, asked) => {
    asks = asked;
    const callOnce = createCallOnce(createGate(scene.origin, 'https://gateway.example'), {
      name: 'mcpgw',
      version: '1',
    });
    const { signal } = new AbortController();
    const asking = { owner: 'person:alice', delegation: 'd', traceparent: undefined };
    const schema = () => Promise.resolve({});
    const call = () => callOnce(asking, { server: 'notion', tool: 'search', arguments: {}, schema, signal });
    await expect(call()).rejects.toThrow(asked.say(` at ${asked.page}`));
    await expect(call()).rejects.toThrow(asked.say(` at ${asked.page}`));
    expect(methods).not.toContain('initialize');
  },
);
