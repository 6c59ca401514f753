import { hash } from 'node:crypto';
import { eraseRecords } from '../../../../auth-server/audit/chain/erase/erase.ts';
import type { AuditRecord } from '../../../../auth-server/audit/record.ts';
import { createReplayQuestions, type ReplayInput } from '../../../../auth-server/audit/replay/questions.ts';
import { type AuditDatabase, openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { createNames } from '../../../../auth-server/audit/store/names.ts';
import { importWriter } from '../../../../auth-server/audit/store/schema.ts';
import { createWriter } from '../../../../auth-server/audit/write/writer.ts';
import { type ReplayAnswer, replayAnswer } from '../../../../common/doors/replay.ts';
import { readPolicySource } from '../../../../common/policy/policy-file.ts';
import type { PolicySource, ToolRule } from '../../../../policy/policy.ts';
import { toolCallRecord, writerOf } from '../../../support/auth-server/audit-records.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

const now = Date.UTC(2026, 10, 20, 15, 30);
const hour = 3_600_000;

const inForce = readPolicySource(`
group_mappings: {staff: [staff], support: [support]}
staff:
  - {server: github, methods: [tools/list, tools/call], tools: [get_issue, create_issue]}
  - {server: files, methods: [resources/read], resources: ["*"]}
  - {server: hub, methods: [tools/list]}
support:
  - {server: github, methods: [tools/list]}
bot/run:
  - {server: github, methods: [tools/call], tools: [get_issue]}
`);
/** `create_issue` goes from staff to support, and agents lose and gain a tool. */
const other = readPolicySource(`
group_mappings: {staff: [staff], support: [support]}
staff:
  - {server: github, methods: [tools/list, tools/call], tools: [get_issue]}
  - {server: files, methods: [resources/read], resources: ["file:///data/*"]}
  - {server: hub, methods: [tools/list]}
support:
  - {server: github, methods: [tools/list, tools/call], tools: [create_issue]}
bot/run:
  - {server: github, methods: [tools/call], tools: [create_issue]}
`);

/** A policy of which the first rule of a scope names get_issue, and one tool with conditions. */
function withTool(source: PolicySource, scope: string, change: Partial<ToolRule>): PolicySource {
  const [first, ...others] = source.scopes.get(scope) ?? [];
  if (!first) throw new Error(`no rule of ${scope}`);
  const entry: ToolRule = { pattern: 'create_issue', arguments: [], only: false, ...change };
  const rule = { ...first, tools: ['get_issue'], toolRules: [entry] };
  return { ...source, scopes: new Map([...source.scopes, [scope, [rule, ...others]]]) };
}
const onlyAcme = { arguments: [{ name: 'repo', path: ['repo'], values: ['acme/*'], optional: false, empty: false }] };

const callerOf = (groups: string[], scopes: string[] = []) => {
  const text = JSON.stringify({ salt: 's', groups, scopes });
  return { digest: hash('sha256', text, 'base64url'), text };
};
const callers = {
  staff: callerOf(['staff', 'unknown-yet']),
  support: callerOf(['support']),
  bot: callerOf([], ['bot/run', 'other/scope']),
};

const alice = { subject: 'sub-alice', username: 'alice', caller: callers.staff.digest };
const bob = { subject: 'sub-bob', username: 'bob', caller: callers.support.digest };
const bot = { subject: 'bot', username: 'bot', client_id: 'bot', auth_method: 'jwt', caller: callers.bot.digest };
const refused = { verdict: 'deny', reason: 'not_permitted', rule: undefined } as const;
let minutes = 0;
const call = (who: Partial<AuditRecord>, object: string, change: Partial<AuditRecord> = {}) =>
  toolCallRecord(now - hour - minutes++, { server: 'github', object, http: 'POST /github/mcp', ...who, ...change });
const read = (object: string, change: Partial<AuditRecord> = {}) =>
  call(alice, object, { server: 'files', method: 'resources/read', definition: undefined, ...change });

describe.each<[string, Places]>(bothDatabases('audit'))('%s:', (_kind, places) => {
  let database: AuditDatabase;
  beforeEach(async () => {
    database = await openAuditDatabase(await places.empty());
    await createNames(database).keep(Object.values(callers), []);
  });
  afterEach(() => database.close());

  const replay = async (change: Partial<ReplayInput> = {}) => {
    const tools = { readOnly: new Map() };
    const answer = await createReplayQuestions(database).replay({ policy: other, inForce, tools, now, ...change });
    return replayAnswer.parse(answer);
  };
  const write = (...records: AuditRecord[]) => writerOf(database).write(...records);
  const calls = ({ allowed, refused: no, held, depends, same }: ReplayAnswer) => [
    allowed.calls,
    no.calls,
    held.calls,
    depends.calls,
    same,
  ];

  test('an audit without records has no span', async () => {
    expect(await replay()).toMatchObject({ from: null, to: new Date(now).toISOString(), records: 0, cannotTell: [] });
  });

  test('what people and agents may do more and less is counted, with who, what and when last', async () => {
    await write(
      call(alice, 'create_issue'),
      call(alice, 'create_issue'),
      call(alice, 'get_issue'),
      call(bob, 'create_issue', refused),
      call(bob, 'get_issue', refused),
      call(bot, 'get_issue'),
      call(bot, 'create_issue', refused),
    );
    const answer = await replay();
    expect(answer).toMatchObject({ records: 7, judged: 7, same: 2, cannotTell: [] });
    expect(answer.refused).toMatchObject({ calls: 3, people: 2 });
    expect(answer.refused.rows).toMatchObject([
      {
        ...{ subject: 'sub-alice', name: 'alice', isAgent: false, server: 'github', method: 'tools/call' },
        ...{ object: 'create_issue', count: 2, was: 'allowed', now: 'refused (object_not_allowed)' },
      },
      { subject: 'bot', name: 'bot', isAgent: true, object: 'get_issue', count: 1 },
    ]);
    expect(answer.allowed.rows.map(({ subject, was, now: then }) => [subject, was, then]).sort()).toEqual([
      ['bot', 'refused (not_permitted)', 'allowed by bot/run[0]'],
      ['sub-bob', 'refused (not_permitted)', 'allowed by support[0]'],
    ]);
    expect(answer.refused.rows[0]?.record).toMatch(/^[0-9a-z]+-\d+-[12]$/);
  });

  test('the policy in force would answer as it did', async () => {
    await write(
      call(alice, 'create_issue'),
      call(bob, 'create_issue', refused),
      read('file:///x'),
      call(bot, 'get_issue'),
    );
    expect(calls(await replay({ policy: inForce }))).toEqual([0, 0, 0, 0, 4]);
  });

  test('a group that the policy did not know counts as soon as it has a line', async () => {
    await write(call(alice, 'delete_issue', refused));
    const more = readPolicySource(`
group_mappings: {unknown-yet: [more]}
more: [{server: github, methods: [tools/call], tools: [delete_issue]}]`);
    expect(calls(await replay({ policy: more }))).toEqual([1, 0, 0, 0, 0]);
  });

  test.each([
    'token_expired',
    'credentials_missing',
    'too_many_requests',
    'server_not_found',
    'session_unknown',
    'account_needed',
    'request_refused',
    'internal_error',
  ])('a refusal with %s stays one, whatever the policy says', async (reason) => {
    await write(call(bob, 'create_issue', { ...refused, reason }));
    expect(await replay()).toMatchObject({ records: 1, judged: 0, same: 1, cannotTell: [] });
  });

  test.each<[string, AuditRecord, string | undefined]>([
    ['a request to the registry', call(alice, 'x', { resource: 'registry', server: undefined }), 'registry'],
    ['a call whose caller is not kept', call({ ...alice, caller: 'gone' }, 'create_issue'), 'caller_unknown'],
    ['a resource that is cut', read('file:///data/…', { object_digest: 'd' }), 'object_cut'],
    ['a resource that the column cuts', read(`file:///data/${'x'.repeat(600)}`), 'object_cut'],
    ['the reading of several resources', read('file:///data/a', { objects: 3 }), 'several_objects'],
    [
      'a call of a tool that waited for approval',
      call(bob, 'create_issue', { ...refused, reason: 'tool_changed' }),
      'tool_changed',
    ],
    [
      'a completion of a prompt or a resource',
      call(alice, 'name', { server: 'files', method: 'completion/complete' }),
      undefined,
    ],
    [
      'a list of an unknown method',
      call(alice, 'x', { method: 'skills/list', ...refused, reason: 'method_unknown' }),
      undefined,
    ],
  ])('%s', async (_what, record, reason) => {
    await write(record);
    const { cannotTell } = await replay();
    expect(cannotTell).toEqual(reason ? [{ reason, count: 1 }] : []);
  });

  test('a cut resource is told where all are allowed, and where none is', async () => {
    await write(
      read('file:///data/…', { object_digest: 'd' }),
      read('a', { ...refused, object_digest: 'd', server: 'mail' }),
    );
    expect(await replay({ policy: inForce })).toMatchObject({ same: 2, cannotTell: [] });
  });

  test('a tool that waits for approval now cannot be told', async () => {
    await write(call(alice, 'get_issue'), call(bob, 'get_issue', refused));
    const answer = await replay({ tools: { approved: new Map(), readOnly: new Map() } });
    expect(answer.cannotTell).toEqual([{ reason: 'tool_changed', count: 1 }]);
    expect(answer.same).toBe(1);
  });

  test('a rule for tools that only read counts what the registry knows now', async () => {
    const hinted = withTool(inForce, 'support', { pattern: undefined, hint: 'read-only' });
    const [rule] = hinted.scopes.get('support') ?? [];
    const policy = {
      ...hinted,
      scopes: new Map([...hinted.scopes, ['support', rule ? [{ ...rule, tools: [], methods: ['tools/call'] }] : []]]),
    };
    await write(call(bob, 'get_issue', refused), call(bob, 'create_issue', refused));
    const tools = { readOnly: new Map([['github', new Set(['get_issue'])]]) };
    const { allowed, same } = await replay({ policy, tools });
    expect([allowed.rows.map(({ object }) => object), same]).toEqual([['get_issue'], 1]);
  });

  test('a call that depends on its arguments is neither allowed nor refused, unless it did before', async () => {
    await write(call(alice, 'create_issue'), call(alice, 'get_issue'));
    const policy = withTool(inForce, 'staff', onlyAcme);
    const answer = await replay({ policy });
    expect(calls(answer)).toEqual([0, 0, 0, 1, 1]);
    expect(answer.depends.rows).toMatchObject([{ object: 'create_issue', was: 'allowed', now: 'depends on repo' }]);
    expect(calls(await replay({ policy, inForce: policy }))).toEqual([0, 0, 0, 0, 2]);
  });

  test('a refusal by its arguments would be allowed without the rule, and stays one with it', async () => {
    await write(call(alice, 'create_issue', { ...refused, ...({ argument: 'repo' } as object) }));
    const held = withTool(inForce, 'staff', onlyAcme);
    expect(calls(await replay({ policy: inForce, inForce: held }))).toEqual([1, 0, 0, 0, 0]);
    expect(calls(await replay({ policy: held, inForce: held }))).toEqual([0, 0, 0, 0, 1]);
  });

  test('a call that would wait for approval is held, whether it was allowed or refused', async () => {
    await write(call(alice, 'create_issue'), call(alice, 'create_issue', { ...refused, reason: 'approval_needed' }));
    const policy = withTool(inForce, 'staff', { approve: { person: false, groups: ['support'] } });
    const answer = await replay({ policy });
    expect(calls(answer)).toEqual([0, 0, 1, 0, 1]);
    expect(answer.held.rows).toMatchObject([{ was: 'allowed', now: 'waits for approval by support' }]);
    expect(calls(await replay({ policy, inForce: policy }))).toEqual([0, 0, 0, 0, 2]);
  });

  test('a rule that has ended allows nothing', async () => {
    await write(call(alice, 'create_issue'));
    const ending = (until: number) => withTool(inForce, 'staff', { until });
    expect(calls(await replay({ policy: ending(now) }))).toEqual([0, 1, 0, 0, 0]);
    expect(calls(await replay({ policy: ending(now + 1) }))).toEqual([0, 0, 0, 0, 1]);
  });

  test('a refusal by a limit cannot be told if the limits change', async () => {
    await write(call(alice, 'get_issue', { ...refused, reason: 'limit_reached' }));
    expect(await replay()).toMatchObject({ same: 1, judged: 0 });
    const limits = [{ at: 'limits[0]', server: '*', tools: ['*'], calls: 9, seconds: 60 as const }];
    expect((await replay({ policy: { ...other, limits } })).cannotTell).toEqual([{ reason: 'limits', count: 1 }]);
  });

  test('a set and the hub are opened by any rule, and what they ask for the caller is judged by itself', async () => {
    const inner = { via: 'my-set' };
    await write(
      call(alice, 'github__create_issue', { server: 'hub' }),
      call(alice, 'github__create_issue', { server: 'my-set' }),
      call(alice, 'create_issue', inner),
      call(alice, 'call_tool', { server: 'mcpgw' }),
      call(alice, 'get_issue', { via: 'mcpgw' }),
    );
    const rule = (server: string, tools: string[]) => ({
      server,
      tools,
      at: '',
      methods: ['tools/call'],
      toolRules: [],
      prompts: [],
      resources: [],
    });
    const scopes = new Map([
      ...other.scopes,
      ['staff', [...(other.scopes.get('staff') ?? []), rule('my-set', []), rule('mcpgw', ['x'])]],
    ]);
    const answer = await replay({ policy: { ...other, scopes } });
    expect(answer.refused.rows.map(({ server, object }) => [server, object]).sort()).toEqual([
      ['github', 'create_issue'],
      ['mcpgw', 'call_tool'],
    ]);
    expect(answer.same).toBe(3);
  });

  test('records of erased people are counted and not judged', async () => {
    await write(call(alice, 'create_issue'), call(bob, 'create_issue', refused));
    const statements = {
      sign: async (work: (parts: never) => Promise<unknown>) =>
        await work({ on: database.main, add: async () => undefined } as never),
    };
    await eraseRecords(
      database,
      statements as never,
      { subject: 'sub-alice', names: ['alice'] },
      async () => undefined,
    );
    const answer = await replay();
    expect(answer.cannotTell).toEqual([{ reason: 'erased', count: 1 }]);
    expect(answer.allowed.calls).toBe(1);
  });

  test('records of an older release have only some groups: what they allow is told, what they miss is not', async () => {
    const identity = { id: importWriter, name: 'old', host: 'h', pid: 0, startedAt: 0 };
    const records = [
      call(bob, 'create_issue', refused),
      call(alice, 'create_issue'),
      call(bob, 'x', { ...refused, reason: 'token_expired' }),
    ];
    const texts = records.map((record) => JSON.stringify(record)).join('\n');
    await createWriter(database, identity, createNames(database)).write({ from: 1, texts, callers: [] });
    const answer = await replay();
    expect(answer.cannotTell).toEqual([{ reason: 'groups_unknown', count: 1 }]);
    expect(calls(answer)).toEqual([1, 0, 0, 0, 1]);
  });

  test('events are no requests, and a record that cannot be read stops nothing', async () => {
    const event = { at: now - hour, verdict: 'allow', method: 'audit/read', subject: 'sub-alice' } as const;
    await write(event, call(alice, 'create_issue'), { at: now - hour } as AuditRecord);
    expect(await replay()).toMatchObject({ records: 1, refused: { calls: 1 } });
  });

  test('only the span that was asked for is read, over several days, and the answer names it', async () => {
    const at = (ago: number) => ({ ...call(alice, 'create_issue'), at: now - ago });
    await write(at(50 * hour), at(26 * hour), at(25 * hour), at(hour));
    expect(await replay()).toMatchObject({ records: 4, from: new Date(now - 50 * hour).toISOString() });
    const since = now - 26 * hour;
    expect(await replay({ since })).toMatchObject({ records: 3, from: new Date(since).toISOString() });
    expect(await replay({ since: now })).toMatchObject({ records: 0, from: null });
  });

  test('records are written while a long replay goes on', async () => {
    const writer = writerOf(database);
    const many = Array.from({ length: 12_000 }, (_, i) => ({ ...call(alice, 'create_issue'), at: now - hour + i }));
    for (let first = 0; first < many.length; first += 2_000) await writer.write(...many.slice(first, first + 2_000));
    const ended: string[] = [];
    const asked = replay().then((answer) => {
      ended.push('replay');
      return answer;
    });
    const written = writer
      .write({ ...call(bob, 'get_issue', refused), at: now - 2 * hour })
      .then(() => ended.push('write'));
    const [answer] = await Promise.all([asked, written]);
    // PostgreSQL does the work of both elsewhere.
    expect(database.kind === 'sqlite' ? ended[0] : 'write').toBe('write');
    expect(answer.records).toBeGreaterThanOrEqual(12_000);
    expect(answer.refused).toMatchObject({ calls: 12_000, people: 1, rows: [{ count: 12_000 }] });
  });

  test('the rows are the most frequent 200, and the counts are of all', async () => {
    const records = Array.from({ length: 230 }, (_, i) => call(bot, `tool-${i % 210}`));
    await write(...records);
    const { refused: side } = await replay();
    expect([side.calls, side.people, side.rows.length]).toEqual([230, 1, 200]);
    expect(side.rows.slice(0, 20).every(({ count }) => count === 2)).toBe(true);
  });
});
