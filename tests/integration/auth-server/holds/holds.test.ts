import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createTokenVault } from '../../../../auth-server/cognito/token-vault.ts';
import { createHoldAnswers, type HoldAnswers } from '../../../../auth-server/holds/answers.ts';
import type { Answered, HeldCall } from '../../../../auth-server/holds/held-call.ts';
import { type HoldDatabase, Holds, type Outcome } from '../../../../auth-server/holds/holds.ts';
import { type OAuthStore, openOAuthStore } from '../../../../auth-server/oauth/store/store.ts';
import { roundDigest } from '../../../../common/doors/round.ts';
import type { Approvers } from '../../../../policy/policy.ts';
import { bothDatabases } from '../../../support/postgres/both-databases.ts';
import { nodeArguments, outputOf } from '../../../support/process.ts';

const secret = 'a-key-of-a-test-that-is-long-enough-for-it';
const vault = createTokenVault([secret]);
const person: Approvers = { person: true, groups: [] };
const operators: Approvers = { person: false, groups: ['operators'] };
const call: HeldCall = {
  ...{ owner: 'person:alice', username: 'alice', shownName: undefined, client: 'Claude Code', server: 'github' },
  ...{ tool: 'create_issue', definition: 'd1', text: '{"arguments":{"repo":"acme/x"},"name":"create_issue"}' },
  round: undefined,
};
const byAlice: Answered = { subject: 'alice', name: 'Alice', sid: 'sid-alice', group: null, isFresh: true };
const byOlga: Answered = { subject: 'olga', name: 'Olga', sid: 'sid-olga', group: 'operators', isFresh: true };
const alice = { subject: 'alice', groups: [] };
const olga = { subject: 'olga', groups: ['operators'] };

describe.each(bothDatabases(''))('Held calls, over %s,', (_kind, places) => {
  let where: string;
  let stores: OAuthStore[];
  let one: Holds;
  let other: Holds;
  let answers: HoldAnswers;
  let sessions: Map<string, readonly string[]>;
  beforeEach(async () => {
    where = await places.empty();
    stores = [await openOAuthStore(where), await openOAuthStore(where)];
    sessions = new Map([
      ['sid-alice', []],
      ['sid-olga', ['operators']],
    ]);
    const standing = async (sid: string) => sessions.get(sid);
    [one, other] = stores.map((store) => new Holds({ database: databaseOf(store), vault, standing })) as [Holds, Holds];
    answers = createHoldAnswers(databaseOf(stores[0]), vault);
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
  });
  const databaseOf = (store: OAuthStore | undefined) => store as unknown as HoldDatabase;
  const rows = () => databaseOf(stores[0]).db.selectFrom('hold').selectAll().execute();
  const idOf = (outcome: Outcome): string => {
    if ('id' in outcome) return outcome.id;
    throw new Error(`no hold, but ${outcome.is}`);
  };
  const verdict = async (outcome: Promise<Outcome>) => (await outcome).is;
  const expire = () => databaseOf(stores[0]).db.updateTable('hold').set({ expires_at: 1 }).execute();
  /** Asks for a call and lets it be approved. */
  const approved = async (what = call, approvers = person, by = byAlice) => {
    const id = idOf(await one.pass(what, approvers));
    expect(await answers.approve({ id }, by)).toBe(true);
    return id;
  };
  const inProcess = (text: string, standing = "async () => ['operators']") => `
    const { openOAuthStore } = await import(${module('oauth/store/store')});
    const { Holds } = await import(${module('holds/holds')});
    const { createTokenVault } = await import(${module('cognito/token-vault')});
    const database = await openOAuthStore(${JSON.stringify(where)});
    const holds = new Holds({ database, vault: createTokenVault(['${secret}']), standing: ${standing} });
    const pass = () => holds.pass(${JSON.stringify(call)}, ${JSON.stringify(person)});
    ${text}
    await database.close();`;

  test('pass once after an approval, at any auth-server, and wait before and after it', async () => {
    const first = await one.pass(call, person);
    expect(first).toMatchObject({ is: 'waiting', isNew: true });
    expect(await other.pass(call, person)).toEqual({ is: 'waiting', id: idOf(first), isNew: false });
    await answers.approve({ id: idOf(first) }, byAlice);
    expect(await other.pass(call, person)).toEqual({
      ...{ is: 'passed', id: idOf(first), isRound: false },
      answered: byAlice,
    });
    const again = await one.pass(call, person);
    expect(again).toMatchObject({ is: 'waiting', isNew: true });
    expect(idOf(again)).not.toBe(idOf(first));
  });

  test.each<[string, Partial<HeldCall>]>([
    ['another caller', { owner: 'person:bob' }],
    ['an agent whose client id is the subject of the person', { owner: 'agent:alice' }],
    ['another server', { server: 'gitlab' }],
    ['another tool', { tool: 'delete_repo' }],
    ['other arguments', { text: call.text.replace('acme/x', 'acme/y') }],
    ['a definition that a person has approved since', { definition: 'd2' }],
    ['a definition that is not known any more', { definition: undefined }],
  ])('are not passed by the approval of a call with %s', async (_what, change) => {
    await approved();
    expect(await verdict(one.pass({ ...call, ...change }, operators))).toBe('waiting');
    expect(await verdict(one.pass(call, person))).toBe('passed');
  });

  test('do not pass when the policy names others by then, and keep to it after another change', async () => {
    await approved();
    expect(await verdict(one.pass(call, operators))).toBe('waiting');
    expect(await verdict(one.pass(call, person))).toBe('waiting');
    expect((await rows()).map(({ state }) => state).sort()).toEqual(['open', 'void']);
  });

  test.each<[string, () => void]>([
    ['has lost the group', () => sessions.set('sid-olga', ['readers'])],
    ['has signed out, or their access was ended', () => sessions.delete('sid-olga')],
  ])('do not pass when the approver %s meanwhile', async (_what, change) => {
    await approved(call, operators, byOlga);
    change();
    expect(await verdict(one.pass(call, operators))).toBe('waiting');
  });

  test('are approved by no member of the group whose own call it is', async () => {
    const own = { ...call, owner: 'person:olga' };
    const id = idOf(await one.pass(own, operators));
    expect(await answers.waiting(olga)).toMatchObject([{ id, mayAnswer: false }]);
    // Even a row that says so does not count.
    await answers.approve({ id }, byOlga);
    expect(await verdict(one.pass(own, operators))).toBe('waiting');
  });

  test('are seen by the caller and by those who may approve them', async () => {
    const both = { person: true, groups: ['operators'] };
    const id = idOf(await one.pass(call, both));
    for (const viewer of [alice, olga]) {
      expect(await answers.find(id, viewer)).toMatchObject({ id, server: 'github', state: 'open' });
      expect(await answers.textOf(id, viewer)).toBe(call.text);
      expect(await answers.waiting(viewer)).toMatchObject([{ id, mayAnswer: true }]);
    }
    const stranger = { subject: 'bob', groups: ['readers'] };
    expect(await answers.find(id, stranger)).toBeUndefined();
    expect(await answers.textOf(id, stranger)).toBeUndefined();
    expect(await answers.waiting(stranger)).toEqual([]);
  });

  test('are listed to those whom they wait for, however many calls of strangers wait longer', async () => {
    const id = idOf(await one.pass(call, operators));
    const [own] = await rows();
    if (!own) throw new Error('no hold');
    const strangers = { person: true, groups: ['strangers'] };
    const others = Array.from({ length: 1_001 }, (_, i) => {
      const about = { id: `stranger-${i}`, call: `stranger-${i}`, owner: `person:stranger-${i % 60}` };
      return { ...own, ...about, approvers: JSON.stringify(strangers), asked_at: own.asked_at - 100 };
    });
    const { db } = databaseOf(stores[0]);
    for (let i = 0; i < others.length; i += 100)
      await db
        .insertInto('hold')
        .values(others.slice(i, i + 100))
        .execute();
    expect(await answers.waiting(olga)).toEqual([expect.objectContaining({ id, mayAnswer: true })]);
    expect(await answers.waiting(alice)).toEqual([expect.objectContaining({ id, mayAnswer: false })]);
    expect(await answers.waiting({ subject: 'eve', groups: [] })).toEqual([]);
    expect(await answers.waiting({ subject: 'sam', groups: ['strangers'] })).toHaveLength(1_000);
  });

  test('of an agent wait for a group only', async () => {
    const ofAgent = { ...call, owner: 'agent:alice' };
    expect(await one.pass(ofAgent, person)).toEqual({ is: 'without approvers' });
    expect(await rows()).toEqual([]);
    const id = idOf(await one.pass(ofAgent, { person: true, groups: ['operators'] }));
    expect(await answers.find(id, alice)).toBeUndefined();
    expect(await answers.find(id, olga)).toBeDefined();
  });

  test('that were refused are not asked for again until they expire', async () => {
    const id = idOf(await one.pass(call, person));
    expect(await answers.refuse({ id }, byAlice)).toBe(true);
    expect(await answers.approve({ id }, byAlice)).toBe(false);
    expect(await other.pass(call, person)).toEqual({ is: 'refused' });
    await expire();
    expect(await verdict(one.pass(call, person))).toBe('waiting');
  });

  test('do not pass when the approval was taken back', async () => {
    const id = await approved();
    await answers.refuse({ id }, byAlice);
    expect(await one.pass(call, person)).toEqual({ is: 'refused' });
  });

  test('can be approved for ten minutes, and an approval is good for five', async () => {
    const id = idOf(await one.pass(call, person));
    const left = async () => (await rows()).map(({ asked_at, expires_at }) => expires_at - asked_at);
    expect(await left()).toEqual([600]);
    await answers.approve({ id }, byAlice);
    const [{ asked_at = 0, expires_at = 0 } = {}] = await rows();
    expect(expires_at - asked_at).toBeLessThan(600);
    expect(expires_at - asked_at).toBeGreaterThanOrEqual(300);
    await expire();
    expect(await answers.find(id, alice)).toBeUndefined();
    expect(await verdict(one.pass(call, person))).toBe('waiting');
    expect(await answers.approve({ id }, byAlice)).toBe(false);
  });

  test('are twenty for each caller at most', async () => {
    const asked = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i % 2 ? one : other).pass({ ...call, text: `${i}` }, person)),
    );
    expect(asked.filter(({ is }) => is === 'waiting')).toHaveLength(20);
    expect(asked.filter(({ is }) => is === 'too many')).toHaveLength(10);
    expect(await verdict(one.pass({ ...call, owner: 'person:bob' }, person))).toBe('waiting');
  });

  test('keep their arguments sealed, and only while they wait', async () => {
    const id = idOf(await one.pass(call, person));
    expect(JSON.stringify(await rows())).not.toContain('acme/x');
    await answers.approve({ id }, byAlice);
    expect((await rows())[0]?.arguments).toMatch(/^eyJ/);
    await one.pass(call, person);
    expect(await rows()).toMatchObject([{ state: 'used', arguments: '' }]);
    await expire();
    await one.prune();
    expect(await rows()).toEqual([]);
  });

  test('show no arguments that belong to another call, or that another SECRET_KEY has sealed', async () => {
    const id = idOf(await one.pass(call, person));
    const db = databaseOf(stores[0]).db;
    const elsewhere = createHoldAnswers(
      databaseOf(stores[0]),
      createTokenVault(['another-key-that-is-long-enough-too']),
    );
    expect(await elsewhere.textOf(id, alice)).toBeUndefined();
    const harmless = await vault.lock('{"arguments":{},"name":"create_issue"}');
    await db.updateTable('hold').set({ arguments: harmless }).execute();
    expect(await answers.textOf(id, alice)).toBeUndefined();
  });

  test('go on once for each question that their server has asked, and without one not at all', async () => {
    const id = await approved();
    const round = { ...call, round: roundDigest('state-1') };
    expect(await verdict(one.pass(call, person))).toBe('passed');
    expect(await verdict(one.pass(round, person))).toBe('waiting');
    const ticket = { id, owner: call.owner, server: call.server };
    for (const wrong of [{ owner: 'person:bob' }, { server: 'gitlab' }, { id: 'another' }])
      expect(await one.expectRound({ ...ticket, ...wrong }, roundDigest('state-1'))).toBe(false);
    expect(await other.expectRound(ticket, roundDigest('state-1'))).toBe(true);
    expect(await verdict(one.pass({ ...call, round: roundDigest('state-2') }, person))).toBe('waiting');
    expect(await verdict(one.pass({ ...round, text: '{}' }, person))).toBe('waiting');
    const both = await Promise.all([one.pass(round, person), other.pass(round, person)]);
    expect(both.filter(({ is }) => is === 'passed')).toEqual([{ is: 'passed', id, answered: byAlice, isRound: true }]);
    expect(await one.expectRound(ticket, roundDigest(undefined))).toBe(true);
    expect(await verdict(one.pass({ ...call, round: roundDigest(undefined) }, person))).toBe('passed');
  });

  test('go on no more than twenty times', async () => {
    const id = await approved();
    await one.pass(call, person);
    const went = [];
    for (let i = 0; i < 21; i++)
      went.push(await one.expectRound({ id, owner: call.owner, server: call.server }, `r${i}`));
    expect(went.filter(Boolean)).toHaveLength(20);
  });

  test('pass once, whatever two processes do at the same time', async () => {
    await approved();
    const many = `const all = await Promise.all(Array.from({ length: 10 }, pass));
      console.log(JSON.stringify(all.map(({ is, id }) => [is, id])));`;
    const outputs = await Promise.all([outputOf(inProcess(many)), outputOf(inProcess(many))]);
    const all = outputs.flatMap((output) => JSON.parse(output) as [string, string][]);
    expect(all).toHaveLength(20);
    expect(all.filter(([is]) => is === 'passed')).toHaveLength(1);
    // All others are one new hold.
    expect(new Set(all.filter(([is]) => is === 'waiting').map(([, id]) => id)).size).toBe(1);
  });

  test('are one hold when two processes ask for them at the same time', async () => {
    const ask = 'console.log(JSON.stringify((await Promise.all([pass(), pass()])).map(({ id }) => id)));';
    const outputs = await Promise.all([outputOf(inProcess(ask)), outputOf(inProcess(ask))]);
    expect(new Set(outputs.flatMap((output) => JSON.parse(output) as string[])).size).toBe(1);
  });

  test.each([
    [
      'has found the approval and not used it: it is still good',
      'async () => process.kill(process.pid, "SIGKILL")',
      'passed',
    ],
    ['has used the approval and not said so: it is asked for again', undefined, 'waiting'],
  ])('survive a kill -9 of the auth-server that %s', async (_when, standing, then) => {
    await approved();
    const program = inProcess('await pass(); process.kill(process.pid, "SIGKILL");', standing);
    const child = spawn(process.execPath, nodeArguments(program), { stdio: 'ignore' });
    expect((await once(child, 'close'))[1]).toBe('SIGKILL');
    expect(await verdict(one.pass(call, person))).toBe(then);
  });
});

function module(name: string): string {
  return JSON.stringify(new URL(`../../../../auth-server/${name}.ts`, import.meta.url).href);
}
