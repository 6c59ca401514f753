import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decisionsQuery } from '../../../../common/doors/decisions.ts';
import type {
  CurrentPolicy,
  PolicyChange,
  PolicyVersions,
  PolicyVersionText,
} from '../../../../common/doors/versions.ts';
import { policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { personInGroups } from '../../../../policy/caller.ts';
import { now, sessionRecord, startAuthServer, temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { answerSoon, until } from '../../../support/listen.ts';
import { ada, bob, editablePolicy, eve, grace } from '../../../support/policy/versions-fixture.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';

type Auth = Awaited<ReturnType<typeof startAuthServer>>;
type Who = typeof ada;

const home = temporaryDirectory();
const file = join(home.directory, 'scopes.yml');
const admins = ', get_timezones';
const first = editablePolicy();
/** Users gain a tool, of whom no editor is one. */
const wider = editablePolicy('get_time, convert');
/** Admins gain a tool. */
const ownGain = first
  .replace('tools: [get_time] }\n', `tools: [get_time${admins}] }\n`)
  .replace(
    /admins:\n {2}- \{ server: currenttime, methods: \[tools\/call\], tools: \[get_time\]/,
    `admins:\n  - { server: currenttime, methods: [tools/call], tools: [get_time${admins}]`,
  );

let auth: Auth;
beforeEach(async () => {
  writeFileSync(file, first);
  auth = await startAuthServer('http://127.0.0.1:1', { policyFile: file });
});
afterEach(() => auth.close());
afterAll(() => home.remove());

let sids = 0;
const signedIn = async (who: Who) => {
  const sid = `policy-${++sids}`;
  await auth.store.sessions.add(sessionRecord({ ...who, sid, expiresAt: now() + 3_600 }));
  return sid;
};
const assertionOf = async (who: Who, change: object = {}) => {
  const scopes = [...personInGroups(auth.kept?.inForce.current() as never, who.groups).scopes];
  const person = { kind: 'person', subject: who.sub, username: who.username, clientId: undefined, groups: [], scopes };
  const session = { authMethod: 'session_cookie', sessionId: await signedIn(who), expiresAt: now() + 600 };
  return await auth.assertions.sign({ ...person, ...session, ...change } as never, '#registry');
};
const ask = async (who: Who, path: string, body?: unknown, change: object = {}, url = auth.url) => {
  const headers = { 'X-Mcp-Assertion': await assertionOf(who, change), 'Content-Type': 'application/json' };
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`${url}/policy${path}`, { headers, ...post });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
};
const change = (who: Who, text: string, more: Partial<PolicyChange> = {}) =>
  ask(who, '/changes', { base: 1, text, why: 'because of this test', ...more });
const current = async (who: Who = ada) => (await ask(who, '')).body as CurrentPolicy;
const events = async () => {
  const query = decisionsQuery.parse({ tool: 'policy/' });
  const { decisions } = await auth.audit.ask('page', { query, visible: { servers: 'all' } });
  return decisions.map(({ method, username, detail }) => [method, username, detail]).reverse();
};

test('The policy file is the first version, and an editor reads it with its text', async () => {
  expect(await current()).toEqual({
    ...{ editable: true, version: policyVersion(first), number: 1, text: first, drift: null, proposals: [] },
  });
  const { versions, next } = (await ask(ada, '/versions')).body as PolicyVersions;
  expect(next).toBeNull();
  expect(versions).toMatchObject([{ number: 1, parent: null, source: 'file', by: { name: 'the gateway' } }]);
});

test('A change is in force with who made it, when, why and what it changed, and an event tells of it', async () => {
  const answer = await change(ada, wider, { why: 'users need to convert times' });
  expect(answer).toMatchObject({
    status: 200,
    body: { applied: { number: 2, parent: 1, by: { sub: ada.sub, name: 'ada' }, why: 'users need to convert times' } },
  });
  expect(auth.kept?.inForce.version()).toBe(policyVersion(wider));
  const shown = (await ask(grace, '/versions/2')).body as PolicyVersionText;
  expect(shown).toMatchObject({ text: wider, source: 'page', version: policyVersion(wider), more: 0 });
  expect(Date.now() - Date.parse(shown.at)).toBeLessThan(60_000);
  expect(shown.differences).toContainEqual(
    expect.objectContaining({ kind: 'person', who: 'users', change: 'gains', what: 'tools/call convert' }),
  );
  expect(await events()).toEqual([
    ['policy/change', 'ada', `version 2 (${policyVersion(wider)}), made from 1, by page: users need to convert times`],
  ]);
});

test('A change that was made from an older version is refused, and the refusal says what is in force and what changed', async () => {
  await change(ada, wider);
  const late = await change(grace, editablePolicy('get_time, other'));
  expect(late).toMatchObject({ status: 409, body: { error: { code: 'policy_conflict', current: 2, more: 0 } } });
  expect(late.body.error.differences).toContainEqual(
    expect.objectContaining({ who: 'users', change: 'gains', what: 'tools/call convert' }),
  );
  expect(await current()).toMatchObject({ number: 2, text: wider });
});

test('Of ten changes of one version at once, one is made, and nine are refused', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => change(i % 2 ? ada : grace, editablePolicy(`get_time, t${i}`))),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
  expect((await ask(ada, '/versions')).body.versions).toHaveLength(2);
});

describe('What is no policy is never a version:', () => {
  test.each<[string, string, RegExp]>([
    ['broken YAML', 'group_mappings: [', /line 1/],
    ['an unknown key of a rule', `${first}x:\n  - { server: a, methods: [ping], when: never }\n`, /when/],
    ['a policy that no one could edit', first.replaceAll('edit_policy: [all]', 'view_people: [all]'), /no group/],
    ['the policy in force', first, /already/],
    ['nothing', '', /empty/],
    ['more than a million characters', `${first}${'#'.repeat(1_000_000)}`, /1,000,000/],
    ['a character that a database does not keep', `${first}# \0`, /text/],
    ['half of a character', `${first}# \ud800`, /text/],
  ])('%s', async (_what, text, message) => {
    const { status, body } = await change(ada, text);
    expect([status, body.error.code]).toEqual([400, 'input_invalid']);
    expect(JSON.stringify(body.error.faults)).toMatch(message);
    expect(await current()).toMatchObject({ number: 1, text: first });
  });

  test.each([[undefined], [''], ['x'], ['  x  '], ['x'.repeat(501)]])('a change whose reason is %j', async (why) => {
    expect((await change(ada, wider, { why } as never)).status).toBe(400);
    expect((await current()).number).toBe(1);
  });

  test('a text that says it goes back, but was never a version', async () => {
    expect((await change(ada, wider, { source: 'revert' })).status).toBe(400);
  });
});

test('Going back to an older version makes a new one', async () => {
  await change(ada, wider);
  const { text } = (await ask(ada, '/versions/1')).body as PolicyVersionText;
  const back = await change(ada, text, { base: 2, source: 'revert', why: 'it was too much' });
  expect(back).toMatchObject({ status: 200, body: { applied: { number: 3, parent: 2, source: 'revert' } } });
  expect(await current()).toMatchObject({ number: 3, text: first });
});

test('A text is judged without a change: who gains, who has to agree, or what is wrong with it', async () => {
  const judged = async (text: string) => (await ask(ada, '/judge', { text })).body;
  expect(await judged(wider)).toMatchObject({ faults: [], needsSecond: [], more: 0 });
  expect(await judged(ownGain)).toMatchObject({
    faults: [],
    needsSecond: [
      'mcp-registry-admin gains access, and the editor is in it.',
      'Agents with the scope admins gain access, and the editor holds it.',
    ],
  });
  expect(await judged('a: [')).toMatchObject({ differences: [], faults: [expect.stringMatching(/line 1/)] });
  expect(await current()).toMatchObject({ number: 1, proposals: [] });
});

describe('A second editor is needed', () => {
  const proposed = async (text: string) => {
    const { body } = await change(ada, text);
    expect(await current()).toMatchObject({ number: 1, text: first });
    return body.proposed;
  };
  const settle = (who: Who, { id }: { id: number }, act = 'confirm') => ask(who, `/proposals/${id}`, { act });
  const newGroup = first.replace('users: [users]', 'users: [users]\n  cooks: [users]');
  const moreEditors = first.replace('users: [users]', 'users: [users]\n  others: [guards]');
  const fewerEditors = first.replace('guards: { edit_policy: [all] }', 'guards: { view_people: [all] }');

  test.each<[string, string, string]>([
    ['for a gain of a group of the editor', ownGain, 'mcp-registry-admin gains access, and the editor is in it.'],
    ['also if the policy does not know that group yet', newGroup, 'cooks gains access, and the editor is in it.'],
    ['for more editors', moreEditors, 'others gets the right to edit the policy.'],
    ['for fewer editors', fewerEditors, 'security loses the right to edit the policy.'],
  ])('%s', async (_what, text, reason) => {
    const made = await proposed(text);
    expect(made).toMatchObject({ base: 1, by: { sub: ada.sub, name: 'ada' }, text, why: 'because of this test' });
    expect(made.reasons).toContain(reason);
    expect((await current(grace)).proposals).toEqual([made]);
  });

  test('and not for a gain of others, a loss, or another comment', async () => {
    expect((await change(grace, ownGain)).body.applied.number).toBe(2);
    expect((await change(ada, first, { base: 2 })).body.applied.number).toBe(3);
    expect((await change(ada, `${first}# said again\n`, { base: 3 })).body.applied.number).toBe(4);
  });

  test('who is another person, and in no group that gains', async () => {
    const made = await proposed(ownGain);
    for (const who of [ada, eve]) {
      expect(await settle(who, made)).toMatchObject({ status: 403, body: { error: { code: 'not_permitted' } } });
    }
    expect((await settle(bob, made)).status).toBe(403);
    expect(await settle(grace, made)).toMatchObject({
      status: 200,
      body: { applied: { number: 2, by: { name: 'ada' }, confirmedBy: { sub: grace.sub, name: 'grace' } } },
    });
    expect(await current()).toMatchObject({ number: 2, text: ownGain, proposals: [] });
    expect((await ask(ada, '/versions/2')).body.confirmedBy).toEqual({ sub: grace.sub, name: 'grace' });
    expect((await events()).map(([method, who]) => [method, who])).toEqual([
      ['policy/propose', 'ada'],
      ['policy/refuse', 'ada'],
      ['policy/refuse', 'eve'],
      ['policy/confirm', 'grace'],
    ]);
  });

  test('who may be in a group that gains, if every group of editors does', async () => {
    const both = ownGain.replace('security: [guards]', 'security: [guards, users]');
    const made = await proposed(both.replace('mcp-registry-admin: [admins]', 'mcp-registry-admin: [admins, users]'));
    expect((await settle(ada, made)).status).toBe(403);
    expect((await settle(eve, made)).status).toBe(200);
  });

  test('and one proposal is settled once', async () => {
    const made = await proposed(ownGain);
    const both = await Promise.all([settle(grace, made), settle(grace, made)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect((await settle(grace, made)).status).toBe(404);
  });

  test('and any editor may withdraw it', async () => {
    const made = await proposed(ownGain);
    expect((await settle(bob, made, 'withdraw')).status).toBe(403);
    expect(await settle(eve, made, 'withdraw')).toMatchObject({ status: 200, body: { applied: null } });
    expect(await current()).toMatchObject({ number: 1, proposals: [] });
    expect((await events()).at(-1)?.slice(0, 2)).toEqual(['policy/withdraw', 'eve']);
  });

  test('before another change comes: then it has to be made again', async () => {
    const made = await proposed(ownGain);
    await change(grace, wider);
    expect(await settle(grace, made)).toMatchObject({ status: 409, body: { error: { current: 2 } } });
    expect((await current()).proposals).toHaveLength(1);
  });

  test('and at most 20 changes wait', async () => {
    const { id: _id, at: _at, ...made } = await proposed(ownGain);
    for (let i = 1; i < 20; i++) await auth.store.policyProposals.add(made);
    expect(await change(ada, `${ownGain}# 20\n`)).toMatchObject({
      status: 400,
      body: { error: { code: 'input_invalid' } },
    });
    expect((await current()).proposals).toHaveLength(20);
  });
});

describe('Only an editor in a browser learns or changes anything, not', () => {
  test.each<[string, Who, object, number]>([
    ['a person without edit_policy', bob, {}, 403],
    ['an access token', ada, { authMethod: 'jwt' }, 403],
    ['an assertion that is older than a change which took edit_policy away', bob, { scopes: ['admins'] }, 403],
  ])('%s', async (_who, who, claims, status) => {
    expect((await ask(who, '/changes', { base: 1, text: wider, why: 'to see' }, claims)).status).toBe(status);
    expect((await current()).number).toBe(1);
  });

  test('those without an assertion', async () => {
    for (const path of ['', '/versions', '/versions/1'])
      expect((await fetch(`${auth.url}/policy${path}`)).status).toBe(401);
    const post = { method: 'POST', body: JSON.stringify({ base: 1, text: wider, why: 'to see' }) };
    const headers = { 'Content-Type': 'application/json' };
    for (const path of ['/changes', '/judge', '/proposals/1', '/drift'])
      expect((await fetch(`${auth.url}/policy${path}`, { headers, ...post })).status).toBe(401);
  });
});

describe('A changed policy file', () => {
  const changed = async (text: string) => {
    writeFileSync(file, text);
    expect(await until(async () => (await current()).drift?.text === text)).toBe(true);
    return { version: policyVersion(text), text };
  };
  const settle = (who: Who, version: string, take: boolean, why?: string) => ask(who, '/drift', { version, take, why });

  test('decides nothing, and is shown', async () => {
    expect((await changed(wider)).text).toBe(wider);
    expect(await current()).toMatchObject({ number: 1, text: first });
    expect(auth.kept?.inForce.version()).toBe(policyVersion(first));
  });

  test('becomes a version if an editor takes it', async () => {
    const drift = await changed(wider);
    expect((await settle(ada, drift.version, true)).status).toBe(400);
    const taken = await settle(ada, drift.version, true, 'it comes from git');
    expect(taken).toMatchObject({
      status: 200,
      body: { applied: { number: 2, source: 'file', why: 'it comes from git' } },
    });
    expect(await current()).toMatchObject({ number: 2, text: wider, drift: null });
  });

  test('waits for a second editor like any other change', async () => {
    const drift = await changed(ownGain);
    expect((await settle(ada, drift.version, true, 'it comes from git')).body.proposed).toMatchObject({
      source: 'file',
    });
    expect((await current()).number).toBe(1);
  });

  test('is not shown again once it was dismissed, until it changes', async () => {
    const drift = await changed(wider);
    expect(await settle(ada, drift.version, false)).toMatchObject({ status: 200, body: { applied: null } });
    expect(await current()).toMatchObject({ number: 1, drift: null });
    expect((await events()).at(-1)?.[0]).toBe('policy/dismiss');
    await changed(editablePolicy('other'));
  });

  test('that changed again is neither taken nor dismissed by the old name', async () => {
    const drift = await changed(wider);
    await changed(editablePolicy('other'));
    expect((await settle(ada, drift.version, true, 'it comes from git')).status).toBe(409);
    expect((await settle(ada, drift.version, false)).status).toBe(409);
  });

  test('is not taken over a change that came after the comparison with it', async () => {
    const drift = await changed(wider);
    await change(ada, editablePolicy('other'));
    const what = { version: drift.version, take: true, why: 'it comes from git' };
    expect(await ask(ada, '/drift', { ...what, base: 1 })).toMatchObject({
      status: 409,
      body: { error: { code: 'policy_conflict', current: 2 } },
    });
    expect((await current()).text).toBe(editablePolicy('other'));
    expect(await ask(ada, '/drift', { ...what, base: 2 })).toMatchObject({ body: { applied: { number: 3 } } });
  });

  test('that is broken is shown and cannot be taken', async () => {
    const drift = await changed('group_mappings: [');
    expect((await settle(ada, drift.version, true, 'it comes from git')).status).toBe(400);
    expect((await current()).number).toBe(1);
  });

  test('that was written from the policy in force is no change, also after the next change of the policy', async () => {
    await change(ada, wider);
    writeFileSync(file, wider);
    expect(await until(async () => (await auth.kept?.versions.knownFile()) === policyVersion(wider))).toBe(true);
    await change(ada, editablePolicy('other'), { base: 2 });
    expect((await current()).drift).toBeNull();
    await changed(first);
  });
});

describe('The gateway’s other services', () => {
  const source = (tag?: string) =>
    fetch(`${auth.url}/policy/source`, { headers: tag === undefined ? {} : { 'If-None-Match': tag } });

  test('get the newest version, and nothing if they have it', async () => {
    const answer = await source();
    const tag = answer.headers.get('etag') ?? '';
    expect([await answer.json(), tag]).toEqual([{ number: 1, text: first }, `"1.${policyVersion(first)}"`]);
    expect((await source(tag)).status).toBe(304);
    await change(ada, wider);
    expect(await (await source(tag)).json()).toEqual({ number: 2, text: wider });
  });
});

test('Two auth-servers over PostgreSQL: of two editors at once one wins, the other learns what changed, and both have the winner', async () => {
  const where = await emptyDatabase();
  const usual = auth;
  const servers = [
    await startAuthServer('http://127.0.0.1:1', { policyFile: file, where }),
    await startAuthServer('http://127.0.0.1:1', { policyFile: file, where }),
  ] as const;
  try {
    auth = servers[0];
    const at = (i: 0 | 1, who: Who, path: string, body?: unknown) => ask(who, path, body, {}, servers[i].url);
    const answers = await Promise.all([
      at(0, ada, '/changes', { base: 1, text: wider, why: 'for this test' }),
      at(1, grace, '/changes', { base: 1, text: editablePolicy('get_time, other'), why: 'for this test' }),
    ]);
    const [won, lost] = answers[0].status === 200 ? answers : [answers[1], answers[0]];
    expect(won).toMatchObject({ status: 200, body: { applied: { number: 2, parent: 1 } } });
    expect(lost).toMatchObject({ status: 409, body: { error: { code: 'policy_conflict', current: 2 } } });
    const tool = won === answers[0] ? 'convert' : 'other';
    expect(lost.body.error.differences).toContainEqual(
      expect.objectContaining({ who: 'users', change: 'gains', what: `tools/call ${tool}` }),
    );
    const { version } = won.body.applied;
    for (const { kept } of servers) expect(await answerSoon(() => kept?.inForce.version(), version)).toBe(version);
  } finally {
    auth = usual;
    for (const each of servers) await each.close();
  }
});

test('Without POLICY_EDITABLE an editor sees the file and judges texts, and changes nothing', async () => {
  const fixed = await startAuthServer('http://127.0.0.1:1', { policyText: first });
  const kept = auth;
  try {
    const inForce = { current: kept.kept?.inForce.current };
    auth = Object.assign(fixed, { kept: { inForce } }) as never;
    expect(await current()).toMatchObject({ editable: false, number: null, text: first, drift: null });
    expect((await ask(ada, '/judge', { text: ownGain })).body).toMatchObject({ needsSecond: [], faults: [] });
    expect(await change(ada, wider)).toMatchObject({ status: 409, body: { error: { code: 'policy_fixed' } } });
    expect((await ask(ada, '/versions')).body).toEqual({ versions: [], next: null });
    expect((await fetch(`${auth.url}/policy/source`)).status).toBe(404);
  } finally {
    Object.assign(fixed, { kept: undefined });
    await fixed.close();
    auth = kept;
  }
});
