import { decodeJwt } from 'jose';
import type { Ticket } from '../../../../common/identity/ticket.ts';
import { approveKey } from '../../../../policy/request/client-pages.ts';
import { agentClaims, denialOf, personClaims, publicUrl, toolCall } from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const definitions = new Map([['currenttime', ['own', 'waits']]]);
const approved = new Map([
  ['currenttime', new Set(['own', 'theirs', 'both'])],
  ['mcpgw', new Set(['call_tool'])],
]);
const { auth, bearer } = await authServerWithPool({
  definitions,
  approved,
  policyText: `
group_mappings: { mcp-registry-admin: [users], operators: [users] }
users:
  - server: currenttime
    methods: [tools/call, tools/list, tasks/get]
    tools:
      - { name: own, approve: person }
      - { name: waits, approve: person }
      - { name: theirs, approve: { groups: [operators] } }
  - { server: currenttime, methods: [tools/call], tools: [{ name: both, approve: { groups: [operators] } }] }
  - { server: hub, methods: [tools/call], tools: [] }
  - { server: mcpgw, methods: [tools/call], tools: [{ name: call_tool, approve: { groups: [operators] } }] }
mcp-servers-unrestricted/read:
  - { server: currenttime, methods: [tools/call], tools: [{ name: both, approve: { groups: [operators] } }] }
`,
});
const alice = await bearer(personClaims());
const agent = await bearer(agentClaims());
const ask = async (body: object, more: Record<string, string | null> = {}, who: Record<string, string> = alice) =>
  await auth.validate({ ...who, ...more }, body);
const errorOf = async (answer: Promise<Response>) => denialOf(await answer).body.error;
const resultOf = async (answer: Promise<Response>) => denialOf(await answer).body.result;
let last = 0;
const call = (tool: string, params: Record<string, unknown> = {}) => ({
  ...toolCall(tool),
  params: { name: tool, arguments: { number: ++last }, ...params } as Record<string, unknown>,
});
const modernMeta = (capabilities: object) => ({
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  },
});
const opensPages = { elicitation: { form: {}, url: {} } };
const page = expect.stringMatching(/^http:\/\/localhost:8080\/approvals\/[\w-]{22}$/);
const operator = { subject: 'dave', groups: ['operators'] };
/** Approves what waits on a page, as an operator whose session stands. */
const approve = async (url: string) => {
  const sid = `sid-${++last}`;
  await auth.session({ sub: 'dave', username: 'dave', groups: ['operators'], sid });
  const answered = { subject: 'dave', name: 'Dave', sid, group: 'operators', isFresh: true };
  expect(await auth.holdAnswers.approve({ id: url.split('/').at(-1) ?? '' }, answered)).toBe(true);
};
const ticketIn = ({ headers }: Response) => decodeJwt(headers.get('x-relay') ?? '') as unknown as Ticket;

describe('a held call', () => {
  test('is answered in band, with a link for clients that open no pages', async () => {
    const answer = await ask(call('own'));
    expect(answer.headers.get('x-deny-in-band')).toBe('1');
    expect(denialOf(answer)).toMatchObject({ status: 403, code: 'approval_needed' });
    const { error } = denialOf(answer).body;
    expect(error).toMatchObject({ code: -32003, data: { reason: 'approval_needed', approve: page } });
    expect(error.message).toContain(error.data.approve);
  });

  test('asks a client of 2026-07-28 that opens pages by its result, and a second time by a sentence', async () => {
    const modern = call('own', modernMeta(opensPages));
    const { inputRequests, ...result } = await resultOf(ask(modern));
    expect(result).toEqual({ resultType: 'input_required' });
    const params = { mode: 'url', url: page, message: expect.not.stringContaining('http') };
    expect(inputRequests).toEqual({ [approveKey]: { method: 'elicitation/create', params } });
    const inputResponses = { [approveKey]: { action: 'accept' } };
    const again = await errorOf(ask({ ...modern, params: { ...modern.params, inputResponses } }));
    expect(again.data.approve).toBe(inputRequests[approveKey].params.url);
    expect(again.message).toContain('still waits to be approved by you yourself');
    expect((await errorOf(ask(call('own', modernMeta({ elicitation: {} }))))).code).toBe(-32003);
  });

  test('asks a client of 2025-11-25 whose session opens pages by the error with pages', async () => {
    const binding = {
      kind: 'session',
      server: 'currenttime',
      id: 'opens',
      owner: `person:${personClaims().sub}`,
    } as const;
    await auth.store.bindings.bind({ ...binding, opensPages: true });
    const { code, data } = await errorOf(ask(call('own'), { 'Mcp-Session-Id': 'opens' }));
    expect(code).toBe(-32_042);
    expect(data).toEqual({
      reason: 'approval_needed',
      elicitations: [{ mode: 'url', url: page, message: expect.any(String), elicitationId: expect.any(String) }],
    });
  });

  test('that was approved goes by the relay, with the hold in its ticket, and once', async () => {
    const body = call('theirs');
    const { data } = await errorOf(ask(body));
    await approve(data.approve);
    const passed = await ask(body);
    expect(passed.status).toBe(200);
    expect(ticketIn(passed)).toMatchObject({ hold: data.approve.split('/').at(-1), method: 'tools/call' });
    expect((await errorOf(ask(body))).data.approve).not.toBe(data.approve);
  });

  test('is the same one as a task only with the same task', async () => {
    const body = call('theirs', { task: { ttl: 60_000 } });
    const { data } = await errorOf(ask(body));
    await approve(data.approve);
    const { task: _, ...without } = body.params;
    const other = { ...body.params, task: { ttl: 60_001 } };
    for (const params of [without, other]) expect((await ask({ ...body, params })).status).toBe(403);
    expect((await ask(body)).status).toBe(200);
  });

  test('goes on with one approval as often as its server asks something, and only then', async () => {
    const body = call('theirs');
    const { data } = await errorOf(ask(body));
    await approve(data.approve);
    const passed = await ask(body);
    const next = (more: object) => ({ ...body, params: { ...body.params, ...more } });
    const first = next({ requestState: 'state-1', inputResponses: { name: { action: 'accept', content: {} } } });
    expect((await ask(first)).status).toBe(403);
    const report = (round: string, ticket = passed.headers.get('x-relay') ?? '') =>
      fetch(`${auth.url}/relay/rounds`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' },
        body: JSON.stringify({ round }),
      });
    const { roundDigest } = await import('../../../../common/doors/round.ts');
    expect((await report(roundDigest('state-1'))).status).toBe(204);
    const forged = next({ requestState: 'state-2', inputResponses: { name: {} } });
    expect((await ask(forged)).status).toBe(403);
    const wentOn = await ask(first);
    expect(wentOn.status).toBe(200);
    expect((await ask(first)).status).toBe(403);
    // A server of the new era may give no state.
    expect((await report(roundDigest(undefined), wentOn.headers.get('x-relay') ?? '')).status).toBe(204);
    expect((await ask(next({ inputResponses: { name: {} } }))).status).toBe(200);
    for (const [round, ticket, status] of [
      ['short', undefined, 400],
      [roundDigest('x'), 'no-ticket', 403],
    ] as const)
      expect((await report(round, ticket)).status).toBe(status);
  });

  test('through a broker is told by the sentence, and an approval serves it there and directly', async () => {
    const body = call('theirs');
    const outer = { 'X-Resource': 'hub', 'X-Mcp-Server': 'hub', 'X-Original-URI': '/mcp' };
    const { headers } = await ask(
      { ...toolCall('currenttime__theirs'), params: { ...body.params, name: 'currenttime__theirs' } },
      outer,
    );
    const delegation = { Authorization: `Bearer ${headers.get('x-mcp-delegation') ?? ''}` };
    const inner = { 'X-Resource': 'inner-mcp' };
    const { code, data } = await errorOf(ask(body, inner, delegation));
    expect([code, data.reason]).toEqual([-32003, 'approval_needed']);
    const hold = await auth.holdAnswers.find(data.approve.split('/').at(-1), operator);
    expect(hold?.client).toContain('through hub');
    expect((await errorOf(ask(body))).data.approve).toBe(data.approve);
    await approve(data.approve);
    expect((await ask(body, inner, delegation)).status).toBe(200);
  });

  test('of a broker’s own tool is held like any other', async () => {
    const outer = { 'X-Resource': 'mcpgw', 'X-Mcp-Server': 'mcpgw', 'X-Original-URI': '/mcpgw/mcp' };
    const body = call('call_tool', { arguments: { server: 'currenttime', tool: 'own', arguments: {} } });
    const { data } = await errorOf(ask(body, outer));
    await approve(data.approve);
    const passed = await ask(body, outer);
    expect(ticketIn(passed)).toMatchObject({ broker: 'mcpgw', hold: data.approve.split('/').at(-1) });
    expect(passed.headers.get('x-mcp-delegation')).toBeTruthy();
  });

  test('of an agent waits for a group', async () => {
    const { data } = await errorOf(ask(call('both'), {}, agent));
    const hold = await auth.holdAnswers.find(data.approve.split('/').at(-1), operator);
    expect(hold?.owner).toMatch(/^agent:/);
  });

  test('of a tool that is not approved is not held: it would be refused afterwards', async () => {
    expect(denialOf(await ask(call('waits'))).code).toBe('tool_changed');
  });

  test('of an unknown session is not held, and costs no approval', async () => {
    const body = call('theirs');
    const { data } = await errorOf(ask(body));
    await approve(data.approve);
    expect(denialOf(await ask(body, { 'Mcp-Session-Id': 'not-mine' })).code).toBe('session_unknown');
    expect((await ask(body)).status).toBe(200);
  });

  test('waits for the database, and passes not without it', async () => {
    const body = call('theirs');
    const { data } = await errorOf(ask(body));
    await approve(data.approve);
    const { pass } = auth.holds;
    auth.holds.pass = () => Promise.reject(new Error('connect ENOENT /secret/path'));
    const denial = denialOf(await ask(body));
    auth.holds.pass = pass;
    expect(denial).toMatchObject({ status: 503, code: 'store_unavailable' });
    expect(JSON.stringify(denial)).not.toContain('secret');
    expect((await ask(body)).status).toBe(200);
  });

  test('shows no argument in the log', async () => {
    await ask(call('own', { arguments: { secret: 'in-an-argument' } }));
    expect(auth.lines.join('')).not.toContain('in-an-argument');
    expect(publicUrl).toMatch(/^http/);
  });
});
