import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventText } from '../../../../auth-server/audit/event.ts';
import { decisionsQuery } from '../../../../common/doors/decisions.ts';
import type { ReplayAnswer } from '../../../../common/doors/replay.ts';
import { personInGroups } from '../../../../policy/caller.ts';
import { toolCallRecord } from '../../../support/auth-server/audit-records.ts';
import { now, sessionRecord, startAuthServer, temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { ada, bob, editablePolicy, grace } from '../../../support/policy/versions-fixture.ts';

type Auth = Awaited<ReturnType<typeof startAuthServer>>;

const home = temporaryDirectory();
const file = join(home.directory, 'scopes.yml');
const first = editablePolicy().replace(
  'admins: { edit_policy: [all],',
  'admins: { edit_policy: [all], view_audit: [all],',
);

let auth: Auth;
beforeAll(async () => {
  writeFileSync(file, first);
  auth = await startAuthServer('http://127.0.0.1:1', { policyFile: file });
  const text = JSON.stringify({ salt: 's', groups: bob.groups, scopes: ['users'] });
  const caller = { digest: 'caller-of-bob', text };
  const at = Date.now() - 60_000;
  const who = { subject: bob.sub, username: bob.username, caller: caller.digest, object: 'convert' };
  const refused = { verdict: 'deny', reason: 'not_permitted', rule: undefined } as const;
  auth.audit.add(JSON.stringify(toolCallRecord(at, { ...who, ...refused })), caller);
  auth.audit.add(JSON.stringify(toolCallRecord(at - 7_200_000, { ...who, ...refused })));
  auth.audit.add(eventText('audit/read', { subject: ada.sub }, {}));
});
afterAll(async () => {
  await auth.close();
  home.remove();
});

const ask = async (who: typeof ada, body: unknown) => {
  const sid = `replay-${who.username}-${Math.random()}`;
  await auth.store.sessions.add(sessionRecord({ ...who, sid, expiresAt: now() + 3_600 }));
  const policy = auth.kept?.inForce.current();
  if (!policy) throw new Error('the policy is not kept in the store');
  const { scopes } = personInGroups(policy, who.groups);
  const person = { kind: 'person' as const, subject: who.sub, username: who.username, clientId: undefined, groups: [] };
  const session = { authMethod: 'session_cookie' as const, sessionId: sid, expiresAt: now() + 600, scopes };
  const assertion = await auth.assertions.sign({ ...person, ...session }, '#registry');
  const headers = { 'X-Mcp-Assertion': assertion, 'Content-Type': 'application/json' };
  const answer = await fetch(`${auth.url}/policy/replay`, { method: 'POST', headers, body: JSON.stringify(body) });
  return {
    status: answer.status,
    body: (await answer.json()) as ReplayAnswer & { error?: { code: string; message: string } },
  };
};
const wider = first.replace('tools: [get_time] }\nadmins', 'tools: [get_time, convert] }\nadmins');

test('An editor who may see the audit learns who would have been allowed what', async () => {
  const { status, body } = await ask(ada, { text: wider });
  expect(status).toBe(200);
  expect(body).toMatchObject({ records: 2, judged: 2, same: 0, allowed: { calls: 2, people: 1 } });
  expect(body.allowed.rows).toMatchObject([{ subject: bob.sub, name: 'bob', object: 'convert', count: 2 }]);
});

test('The policy in force changes nothing, and a span leaves older records out', async () => {
  expect((await ask(ada, { text: first })).body).toMatchObject({ same: 2, allowed: { calls: 0 } });
  const since = new Date(Date.now() - 3_600_000).toISOString();
  expect((await ask(ada, { text: wider, since })).body).toMatchObject({ records: 1, allowed: { calls: 1 } });
});

test('An editor without view_audit gets counts and no names', async () => {
  const { body } = await ask(grace, { text: wider });
  expect(body.allowed).toEqual({ calls: 2, people: 1, rows: [] });
  expect(JSON.stringify(body)).not.toContain('bob');
});

test('Who was told what others have called has read the audit, and the audit says so', async () => {
  await ask(grace, { text: wider });
  await ask(ada, { text: wider });
  const query = decisionsQuery.parse({ tool: 'audit/read' });
  const { decisions } = await auth.audit.ask('page', { query, visible: { servers: 'all' } });
  const said = decisions.filter(({ detail }) => detail === 'replay of a policy');
  expect(said.map(({ username }) => username)).toEqual(['ada']);
});

test('Who may not edit the policy replays none', async () => {
  expect(await ask(bob, { text: wider })).toMatchObject({ status: 403, body: { error: { code: 'not_permitted' } } });
});

test.each([
  [{ text: 'group_mappings: []' }, /The text is no policy: line 1/],
  [{ text: `group_mappings:\n${'# a long text\n'.repeat(4_000)}  - no` }, /The text is no policy: line/],
  [{ text: first, since: 'yesterday' }, /must be a time/],
  [{ text: '' }, /text/],
])('What is no policy, or no time, is refused with what is wrong', async (body, message) => {
  const answer = await ask(ada, body);
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'input_invalid' } } });
  expect(answer.body.error?.message).toMatch(message);
});

test('Of many replays at once, some are asked to come again, and the next one is answered', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(ada, { text: wider })));
  const statuses = answers.map(({ status }) => status);
  expect(new Set(statuses).isSubsetOf(new Set([200, 503]))).toBe(true);
  expect(statuses).toContain(200);
  expect((await ask(ada, { text: wider })).status).toBe(200);
});
