import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { type ApprovedDefinitions, createApprovedDefinitions } from '../../../../registry/pins/approved-definitions.ts';
import { targetOf } from '../../../../registry/servers/server.ts';
import { toObservedTools } from '../../../../registry/servers/tool.ts';
import type { RegistryStore } from '../../../../registry/store/store.ts';
import {
  admin,
  neverChecked,
  publicUrl,
  recordingLog,
  serversText,
  signer,
  startRegistry,
  storeOf,
  toolOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], modify_service: [all] }
  mcp-registry-user: { list_service: [currenttime] }
`);
const announced = {
  name: 'time',
  title: null,
  version: '2',
  protocolVersion: '2025-11-25',
  era: 'legacy',
  instructions: null,
  capabilities: {},
  prompts: [],
  resources: [],
  resourceTemplates: [],
};
const checkedAt = new Date();
const steps = [{ step: 'reach', state: 'ok', reason: null, ms: 3 }] as const;
const check = { transport: 'sse', status: 'healthy', steps } as const;
const details = { unstable: false, latencyMs: 7, checks: [check], since: checkedAt, announced, seenAt: checkedAt };
const health = { status: 'healthy', checkedAt, error: null, tools: [toolOf('now')], details } as const;

let store: RegistryStore;
let definitions: ApprovedDefinitions;
let registry: Awaited<ReturnType<typeof startRegistry>>;
let told = 0;
beforeAll(async () => {
  store = await storeOf(serversText);
  definitions = await createApprovedDefinitions(store.definitions, recordingLog().log);
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store,
    definitions,
    healthOf: (name) => (name === 'currenttime' ? health : neverChecked),
    onApproved: async () => void told++,
  });
});
afterAll(() => registry.close());

const api = async (claims: object, method: string, path: string, body?: unknown, audience = '#registry') => {
  const assertion = await signer.sign(claims, { audience: `${publicUrl}/${audience}` });
  const headers = { 'x-mcp-assertion': assertion, 'content-type': 'application/json' };
  const sent = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await fetch(`${registry.url}/api/servers/${path}`, sent);
  return { status: answer.status, body: (await answer.json()) as Record<string, never> };
};
const show = (description: string) =>
  definitions.observe('currenttime', toObservedTools([{ name: 'now', description, inputSchema: { type: 'object' } }]));

test('Only people who may see a server see its state, its history and its self-description', async () => {
  const at = new Date();
  const server = store.get('currenttime');
  if (!server) throw new Error('no server');
  const state = {
    status: 'healthy',
    failures: 0,
    error: null,
    since: at.toISOString(),
    latencyMs: 7,
    checks: [],
  } as const;
  const events = [{ at, state: 'healthy', latencyMs: 7, reason: null }] as const;
  const samples = [{ at, ok: true, ms: 7 }];
  const target = targetOf(server);
  await store.observations.add(
    [{ server: 'currenttime', target, checkedAt: at, state, answer: undefined, events, samples }],
    at,
  );
  const { status, body } = await api(user, 'GET', 'currenttime/health');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    name: 'currenttime',
    status: 'healthy',
    unstable: false,
    checked_at: checkedAt.toISOString(),
    latency_ms: 7,
    checks: [check],
    announced,
    events: [{ at: at.toISOString(), state: 'healthy', latency_ms: 7, reason: null }],
    chart: { day: [{ ok: 1, failed: 0, mean_ms: 7, longest_ms: 7 }], week: [{ ok: 1 }] },
  });
  expect(JSON.stringify(body)).not.toContain('127.0.0.1');
  for (const path of ['secret-plans/health', 'unknown/health', 'secret-plans/tools/changes'])
    expect((await api(user, 'GET', path)).status).toBe(404);
  expect((await api(admin, 'GET', 'secret-plans/health')).body).toMatchObject({ status: 'unknown', announced: null });
});

test('People who see the server see changed tools; those who may modify it approve them by the hash that they saw', async () => {
  expect((await api(user, 'GET', 'currenttime/tools/changes')).body).toEqual({
    server: 'currenttime',
    first_seen_at: null,
    tools: [],
  });
  await show('Tells the time');
  await show('Tells the time and more');
  const { body } = await api(user, 'GET', 'currenttime/tools/changes');
  const [change] =
    (body as { tools?: { name: string; hash: string; state: string; approved_by: string }[] }).tools ?? [];
  expect(change).toMatchObject({ name: 'now', state: 'changed', approved_by: 'first seen' });
  const approval = { tools: [{ name: 'now', hash: change?.hash }] };
  const approve = (claims: object, what: unknown, audience?: string) =>
    api(claims, 'POST', 'currenttime/tools/approve', what, audience);
  expect((await approve(user, approval)).status).toBe(403);
  expect((await approve(admin, approval, 'mcpgw')).status).toBe(401);
  for (const bad of [{}, { tools: [] }, { tools: [{ name: 'now' }] }, { tools: [{ name: 'now', hash: 'x' }] }, []])
    expect((await approve(admin, bad)).status).toBe(400);
  expect((await approve(admin, { tools: [{ name: 'now', hash: 'a'.repeat(64) }] })).status).toBe(409);
  expect(told).toBe(0);
  const done = await approve(admin, approval);
  expect([done.status, done.body]).toEqual([
    200,
    { server: 'currenttime', first_seen_at: expect.any(String), tools: [] },
  ]);
  expect(told).toBe(1);
});
