import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { jest } from '@jest/globals';
import { checkOwnership } from '../../../../auth-server/gate/session-ownership.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import type { OriginalRequest } from '../../../../auth-server/request/original-request.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import type { McpRequest } from '../../../../policy/request/mcp-request.ts';

const directory = mkdtempSync(join(tmpdir(), 'belongings-'));
const alice: Principal = {
  kind: 'person',
  subject: 'alice',
  username: 'alice',
  clientId: undefined,
  groups: [],
  scopes: ['s'],
  authMethod: 'session_cookie',
  sessionId: 'browser',
  expiresAt: 2_000_000_000,
};
const uuid = '6f1b1a52-8a0e-4c43-9d0e-0d7a5b3c9e11';
const other = '00000000-0000-4000-8000-000000000000';

let store: Store;
beforeAll(async () => {
  store = await openStore(directory);
  const bind = (kind: 'session' | 'task', id: string, owner: string, target?: string) =>
    store.bindings.bind({ kind, server: 'clock', id, owner, target });
  await bind('session', 'hers', 'person:alice');
  await bind('session', 'his', 'person:bob');
  await bind('session', uuid, 'person:alice', '/messages?upstream=1');
  await bind('session', other, 'person:alice');
  // An upstream chooses its session ids. This id must not be the key under which "no session" is looked up.
  await bind('session', 'undefined', 'person:alice', '/messages?upstream=2');
  await bind('task', 'her-task', 'person:alice');
  await bind('task', 'her-other-task', 'person:alice');
  await bind('task', 'his-task', 'person:bob');
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Asking {
  principal?: Partial<Principal>;
  server?: string;
  endpoint?: 'mcp' | 'sse' | 'messages';
  sessionId?: string;
  uri?: string;
  tasks?: string[];
}
/** Asks as the gate does. Returns the target at the upstream, or the code of the denial and the JSON-RPC id in it. */
async function check({ principal, server = 'clock', endpoint = 'mcp', sessionId, uri, tasks }: Asking) {
  const target = { resource: 'mcp', server, endpoint, routed: true } as const;
  const request: OriginalRequest = {
    target,
    method: 'POST',
    uri: uri ?? `/${server}/${endpoint}`,
    credentials: { authorization: undefined, cookie: undefined },
    browser: { origin: undefined, fetchSite: undefined, fetchDest: undefined },
    mcp: { method: undefined, name: undefined, protocolVersion: undefined, sessionId },
    accept: undefined,
    address: undefined,
    requestId: undefined,
    isInner: false,
  };
  const asked: McpRequest = { id: 7, method: 'ping', accesses: [{ method: 'ping' }], ...(tasks && { tasks }) };
  return (await checkOwnership(store.bindings, { ...alice, ...principal }, request, target, asked))?.target;
}
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), details: { id: 7 } });
const noSession = refused('session_unknown', /no such session on this server\. Initialize a new one\.$/);
const noTask = refused('task_unknown', /no such task on this server\.$/);

describe('a session at /mcp', () => {
  test('of the caller is allowed, and so is a request without a session', async () => {
    expect(await check({ sessionId: 'hers' })).toBeUndefined();
    expect(await check({})).toBeUndefined();
    expect(await check({ endpoint: 'sse' })).toBeUndefined();
  });

  test.each<[string, Asking]>([
    ['belongs to another caller', { sessionId: 'his' }],
    ['has no owner', { sessionId: 'unheard-of' }],
    ['belongs to the caller on another server', { sessionId: 'hers', server: 'other' }],
    ['belongs to an agent of the same subject', { sessionId: 'hers', principal: { kind: 'agent' } }],
    ['is a task of the caller', { sessionId: 'her-task' }],
  ])('that %s is unknown, and the error carries the id of the request', async (_what, asking) => {
    await expect(check(asking)).rejects.toEqual(noSession);
  });
});

describe('a session at /messages', () => {
  const at = (query: string, more: Asking = {}) =>
    check({ endpoint: 'messages', uri: `/clock/messages${query}`, ...more });

  test("is the one in the URL, and leads to the upstream's message endpoint", async () => {
    expect(await at(`?sessionId=${uuid}`)).toBe('/messages?upstream=1');
    expect(await at(`?sessionId=${uuid}`, { sessionId: 'his' })).toBe('/messages?upstream=1');
  });

  test.each([
    ['without a session', ''],
    ['with an empty session', '?sessionId='],
    ['with a session id that is too short', `?sessionId=${uuid.slice(1)}`],
    ['with a session id that is too long', `?sessionId=${uuid}0`],
    ['with something after the session id', `?sessionId=${uuid}&x=1`],
    ['with something before the session id', `?x=1&sessionId=${uuid}`],
    ['with two question marks', `?a?sessionId=${uuid}`],
    ['with another parameter name', `?session_id=${uuid}`],
    ['with a session of another caller', '?sessionId=11111111-1111-4111-8111-111111111111'],
    ['with a session that has no message endpoint', `?sessionId=${other}`],
  ])('%s is unknown, even if Mcp-Session-Id names a valid session', async (_what, query) => {
    await expect(at(query)).rejects.toEqual(noSession);
    await expect(at(query, { sessionId: uuid })).rejects.toEqual(noSession);
  });

  test('of a person is unknown to an agent of the same subject', async () => {
    await expect(at(`?sessionId=${uuid}`, { principal: { kind: 'agent' } })).rejects.toEqual(noSession);
  });
});

describe('tasks', () => {
  test('of the caller are allowed, and so is a request without a task', async () => {
    expect(await check({ tasks: ['her-task', 'her-other-task'] })).toBeUndefined();
    expect(await check({ tasks: [] })).toBeUndefined();
    expect(await check({ tasks: ['her-task', 'her-task'] })).toBeUndefined();
  });

  test('cost one query, however many they are, and none if no server could have named them so', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => `unheard-of-${n}`);
    const queries = jest.spyOn(DatabaseSync.prototype, 'prepare');
    const asked = () => queries.mock.calls.filter(([sql]) => sql.includes('binding')).length;
    await expect(check({ tasks: ids })).rejects.toEqual(noTask);
    expect(asked()).toBe(1);
    await expect(check({ tasks: ['x'.repeat(4_097)] })).rejects.toEqual(noTask);
    await expect(check({ sessionId: 'x'.repeat(16_000) })).rejects.toEqual(noSession);
    expect(asked()).toBe(1);
    queries.mockRestore();
  });

  test.each<[string, Asking]>([
    ['one of another caller', { tasks: ['his-task'] }],
    ['one of another caller after one of the caller', { tasks: ['her-task', 'his-task'] }],
    ['one without an owner', { tasks: ['unheard-of'] }],
    ['one of another server', { tasks: ['her-task'], server: 'other' }],
    ['a session of the caller', { tasks: ['hers'] }],
    ['one of another caller, in a session of the caller', { tasks: ['his-task'], sessionId: 'hers' }],
  ])('with %s among them are unknown, and the error carries the id of the request', async (_what, asking) => {
    await expect(check(asking)).rejects.toEqual(noTask);
  });
});
