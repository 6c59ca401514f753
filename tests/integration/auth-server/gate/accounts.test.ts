import { decodeJwt } from 'jose';
import { accountKey } from '../../../../auth-server/accounts/account-key.ts';
import { revocationKey } from '../../../../auth-server/store/revocation-feed.ts';
import type { Ticket } from '../../../../common/identity/ticket.ts';
import { connectKey } from '../../../../policy/request/client-pages.ts';
import { accountsAddress, accountsWith, atAccounts } from '../../../support/auth-server/accounts-in-memory.ts';
import {
  AGENT,
  agentClaims,
  alice,
  denialOf,
  personClaims,
  toolCall,
  toolsList,
} from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const accounts = accountsWith({ carol: 'token-of-carol', dave: 'token-of-dave' });
const { auth, bearer } = await authServerWithPool({ accounts, allowLocalSessions: true });
const group = { groups: ['mcp-registry-admin'] };
const as = async (sub: string, more: object = {}) => ({
  Cookie: await auth.session({ sub, username: sub, ...group, ...more }),
});
const ask = async (
  who: Record<string, string>,
  body: object = toolCall('t'),
  more: Record<string, string | null> = {},
) => await auth.validate({ ...atAccounts, ...who, ...more }, body);
const sent = ({ headers }: Response) => headers.get('x-upstream-authorization');
const ticketIn = ({ headers }: Response) => decodeJwt(headers.get('x-relay') ?? '') as unknown as Ticket;
const page = 'http://localhost:8080/accounts/connect/currenttime';
const initialize = (capabilities: object, protocolVersion = '2025-11-25') => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion, capabilities, clientInfo: { name: 'c', version: '1' } },
});
const modern = (body: { params?: object }, capabilities: object, params: object = {}) => ({
  ...body,
  params: {
    ...body.params,
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    },
  },
});
const opensPages = { elicitation: { form: {}, url: {} } };

describe('the token of an account', () => {
  test('goes to the server as Authorization, by the relay, and to the address alone that it was given for', async () => {
    const answer = await ask(await as('carol'));
    expect(answer.status).toBe(200);
    expect(sent(answer)).toBe('Bearer token-of-carol');
    expect(ticketIn(answer)).toMatchObject({
      owner: 'person:carol',
      credentialFor: accountsAddress,
      account: { name: 'notion', address: accountsAddress, version: 1, form: 'text' },
      marks: expect.arrayContaining([
        revocationKey('account', accountKey({ subject: 'carol', account: 'notion', server: 'currenttime' })),
      ]),
    });
    expect(JSON.stringify(ticketIn(answer))).not.toContain('token-of');
  });

  test('is each person’s own, with two of them in parallel at one server', async () => {
    const people = [await as('carol'), await as('dave')];
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(people[i % 2] ?? {})));
    expect(answers.map(sent)).toEqual(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'Bearer token-of-carol' : 'Bearer token-of-dave')),
    );
  });

  test.each([
    ['of the same user name at another provider', 'okta|carol', { username: 'carol' }],
    ['whose subject holds the separators of a key', 'carol.notion', {}],
    ['whose subject is that of carol in base64', Buffer.from('carol').toString('base64url'), {}],
  ])('is not that of a person %s', async (_who, sub, more) => {
    const denial = denialOf(await ask(await as(sub, more)));
    expect(denial).toMatchObject({ status: 403, code: 'account_needed' });
  });

  test('of another server, another entry or another address of the server is not used', async () => {
    const who = await as('carol');
    const elsewhere = [
      { 'X-Mcp-Server': 'fininfo', 'X-Original-URI': '/fininfo/mcp' },
      { 'X-Mcp-Account': 'github' },
      { 'X-Mcp-Address': 'https://mcp.example.com/other -' },
      { 'X-Mcp-Address': 'https://mcp.example.com/mcp /sse' },
    ];
    for (const more of elsewhere) expect(denialOf(await ask(who, undefined, more)).code).toBe('account_needed');
  });

  test('is not for an agent, not even one with the client id of a person’s subject', async () => {
    accounts.set(AGENT, 'token-of-a-person');
    const agent = await bearer(agentClaims());
    for (const body of [toolCall('t'), toolsList, initialize(opensPages)]) {
      const denial = denialOf(await ask(agent, body));
      expect(denial).toMatchObject({ status: 403, code: 'account_for_people' });
      expect(denial.body.error.message).toMatch(/^The server currenttime is for people/);
    }
  });

  test('is the same with the person’s own token of the identity provider', async () => {
    accounts.set(alice.sub, 'token-of-alice');
    expect(sent(await ask(await bearer(personClaims())))).toBe('Bearer token-of-alice');
  });

  test('is shown by no broker to another: a delegation has its caller’s', async () => {
    const place = { 'X-Resource': 'hub', 'X-Mcp-Server': 'hub', 'X-Original-URI': '/mcp' };
    const delegationOf = async (sub: string) => {
      const { headers } = await auth.validate({ ...place, ...(await as(sub)) }, toolCall('currenttime__t'));
      return headers.get('x-mcp-delegation') ?? '';
    };
    for (const sub of ['carol', 'dave']) {
      const Authorization = `Bearer ${await delegationOf(sub)}`;
      expect(sent(await ask({ Authorization }, toolCall('t'), { 'X-Resource': 'inner-mcp' }))).toBe(
        `Bearer token-of-${sub}`,
      );
    }
    const Authorization = `Bearer ${await delegationOf('erin')}`;
    const inner = { 'X-Resource': 'inner-mcp' };
    const denial = denialOf(await ask({ Authorization }, initialize(opensPages), inner));
    // The broker asks its own client, in that one's way.
    expect(denial.body.error).toMatchObject({ code: -32003, data: { reason: 'account_needed', connect: page } });
  });

  test('that no header can carry is not sent', async () => {
    accounts.set('odd', 'a\r\nX-User: root');
    expect(denialOf(await ask(await as('odd'))).code).toBe('account_unavailable');
  });
});

describe('the gate’s headers about an account', () => {
  test.each<[string, Record<string, string | null>]>([
    ['without the address', { 'X-Mcp-Address': null }],
    ['without the entry', { 'X-Mcp-Account': null }],
    ['with an odd entry', { 'X-Mcp-Account': 'Notion!' }],
    ['with an address without paths', { 'X-Mcp-Address': 'https://mcp.example.com- -' }],
    ['with half an address', { 'X-Mcp-Address': 'https://mcp.example.com/mcp' }],
    ['with an address of one more part', { 'X-Mcp-Address': `${accountsAddress} -` }],
    ['with an address that fits no ticket', { 'X-Mcp-Address': `https://mcp.example.com/${'x'.repeat(2_100)} -` }],
    ['with a secret too', { 'X-Mcp-Secret': 'github', 'X-Mcp-Upstream': 'https://mcp.example.com' }],
    ['at a broker', { 'X-Resource': 'mcpgw' }],
  ])('%s mean that nothing is sent', async (_what, more) => {
    const denial = denialOf(await ask(await as('carol'), undefined, more));
    expect(denial).toMatchObject({ status: 503, code: 'gate_misconfigured' });
  });
});

describe('a person without an account', () => {
  test('may open a session and ask for lists, without any token, and be asked by the server', async () => {
    const open = [
      initialize({}),
      toolsList,
      { ...toolsList, method: 'ping' },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
    ];
    for (const body of open) {
      const answer = await ask(await as('erin'), body);
      expect([answer.status, sent(answer)]).toEqual([200, null]);
      expect(ticketIn(answer).credentialFor).toBeUndefined();
      expect(ticketIn(answer).account).toEqual({ name: 'notion', address: accountsAddress, form: 'text' });
    }
  });

  const readFile = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'file:///a' } };
  test('whose client of 2026-07-28 opens pages is asked by the result, without a state', async () => {
    for (const body of [toolCall('t'), readFile, { ...toolCall('t'), method: 'prompts/get' }]) {
      const answer = await ask(await as('erin'), modern(body, opensPages));
      expect(answer.headers.get('x-deny-in-band')).toBe('1');
      const params = {
        mode: 'url',
        url: page,
        message: 'The server currenttime wants an account of your own: connect it, then try again.',
      };
      expect(denialOf(answer).body).toEqual({
        jsonrpc: '2.0',
        id: 1,
        result: {
          resultType: 'input_required',
          inputRequests: { [connectKey]: { method: 'elicitation/create', params } },
        },
      });
    }
  });

  test('is not asked again in answer to a request that has been: a client would open page after page', async () => {
    const again = { inputResponses: { [connectKey]: { action: 'accept' } } };
    const denial = denialOf(await ask(await as('erin'), modern(toolCall('t'), opensPages, again)));
    expect(denial.body.error).toEqual({
      code: -32003,
      message: `The server currenttime still waits for your account: finish connecting it at ${page}, then try again.`,
      data: { reason: 'account_needed', connect: page },
    });
    accounts.set('frank', 'token-of-frank');
    expect(sent(await ask(await as('frank'), modern(toolCall('t'), opensPages, again)))).toBe('Bearer token-of-frank');
  });

  test('whose client of 2025-11-25 has said so in initialize gets the error with pages to open, in any process', async () => {
    const who = await as('erin');
    await auth.store.bindings.bind({
      kind: 'session',
      server: 'currenttime',
      id: 'pages',
      owner: 'person:erin',
      opensPages: true,
    });
    await auth.store.bindings.bind({ kind: 'session', server: 'currenttime', id: 'older', owner: 'person:erin' });
    const inSession = (id: string, version = '2025-11-25') =>
      ask(who, undefined, { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': version });
    expect(denialOf(await inSession('pages')).body.error).toEqual({
      code: -32042,
      message: `The server currenttime wants an account of your own: connect it at ${page}, then try again.`,
      data: {
        reason: 'account_needed',
        elicitations: [
          {
            mode: 'url',
            url: page,
            elicitationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            message: 'The server currenttime wants an account of your own: connect it, then try again.',
          },
        ],
      },
    });
    for (const answer of [await inSession('older'), await inSession('pages', '2025-06-18')])
      expect(denialOf(answer).body.error).toMatchObject({ code: -32003, data: { connect: page } });
    expect(ticketIn(await ask(who, initialize(opensPages)))).toMatchObject({
      opensPages: true,
      account: { form: 'error' },
    });
    for (const capabilities of [{}, { elicitation: {} }, { elicitation: { form: {} } }])
      expect(ticketIn(await ask(who, initialize(capabilities))).opensPages).toBeUndefined();
  });

  test.each([
    ['ended', /no longer accepted: connect it again at/],
    ['moved', /has changed since you connected/],
    ['more_scopes', /wants more rights than you have given/],
    ['refuses', /^The server currenttime refuses your account/],
  ])('because it is %s is told what to do, in one sentence with our page', async (why, sentence) => {
    accounts.set('grace', why);
    const denial = denialOf(await ask(await as('grace')));
    expect(denial.code).toBe(why === 'refuses' ? 'account_refused' : 'account_needed');
    expect(denial.body.error.message).toMatch(sentence);
    expect(denial.body.error.message).toContain(page);
    expect(denial.body.error.message).not.toMatch(/\. /);
  });

  test('learns nothing of it before the verdict', async () => {
    expect(denialOf(await ask(await as('erin', { groups: [] }))).code).toBe('not_permitted');
    expect(denialOf(await ask(await as('carol', { groups: [] }))).code).toBe('not_permitted');
    expect(denialOf(await ask(await as('erin'), undefined, { 'X-Mcp-Routed': null })).code).toBe('server_not_found');
  });
});

test('the decision names the entry, and says whether the account was used', async () => {
  auth.lines.length = 0;
  await ask(await as('carol'));
  await ask(await as('erin'));
  await auth.validate(await as('carol'));
  const lines = auth.lines.map((line) => JSON.parse(line));
  expect(lines.map(({ account, account_used, reason }) => [account, account_used, reason])).toEqual([
    ['notion', true, undefined],
    ['notion', false, 'account_needed'],
    [undefined, undefined, undefined],
  ]);
  expect(auth.lines.join()).not.toContain('token-of');
});

test('a session in memory of this process has the flag of the database', async () => {
  const bind = (opensPages?: boolean) =>
    auth.store.bindings.bind({ kind: 'session', server: 's', id: 'x', owner: 'person:a', opensPages });
  await bind(true);
  expect(await auth.store.bindings.find('session', 's', 'x')).toMatchObject({ opensPages: true });
  await bind();
  expect((await auth.store.bindings.find('session', 's', 'x'))?.opensPages).toBeUndefined();
});
