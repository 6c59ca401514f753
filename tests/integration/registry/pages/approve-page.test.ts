import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createApprovedDefinitions } from '../../../../registry/pins/approved-definitions.ts';
import { toObservedTools } from '../../../../registry/servers/tool.ts';
import {
  admin,
  publicUrl,
  recordingLog,
  serversText,
  signer,
  startRegistry,
  storeOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings:
  support: [support]
UI-Scopes:
  mcp-registry-admin: { list_service: [all], modify_service: [all] }
  mcp-registry-user: { list_service: [currenttime] }
  editors: { list_service: [all], modify_service: [all], edit_policy: [all] }
support:
  - { server: secret-plans, methods: [tools/list, tools/call], tools: [{ hint: read-only }] }
`);
const told = (description: string) => toObservedTools([{ name: 'look', description }]);

let registry: Awaited<ReturnType<typeof startRegistry>>;
let definitions: Awaited<ReturnType<typeof createApprovedDefinitions>>;
let approvals = 0;
beforeAll(async () => {
  const store = await storeOf(serversText);
  definitions = await createApprovedDefinitions(store.definitions, recordingLog().log);
  const onApproved = async () => void approvals++;
  registry = await startRegistry(signer.keys, { store, definitions, policy: () => policy, onApproved });
  await definitions.observe('currenttime', told('Looks.'));
});
afterAll(() => registry.close());
beforeEach(async () => {
  approvals = 0;
  await definitions.observe('currenttime', told('Looks. And tells others.'));
});

const page = async (who: object, path = '/servers/currenttime') => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' };
  return await (await fetch(registry.url + path, { headers })).text();
};
const press = async (
  who: object,
  tools: string[],
  headers: Record<string, string> = { Origin: publicUrl },
  server = 'currenttime',
) => {
  const sent = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html', ...headers };
  const body = new URLSearchParams(tools.map((tool) => ['tool', tool]));
  return await fetch(`${registry.url}/servers/${server}/approve`, {
    method: 'POST',
    headers: sent,
    body,
    redirect: 'manual',
  });
};
const buttons = (html: string) =>
  [...html.matchAll(/name="tool" value="([0-9a-f]{64} look)"/g)].map(([, value]) => value ?? '');

test('A person who may change the server keeps the approved definition or approves the new one, and reads the outcome', async () => {
  const html = await page(admin);
  expect(html).toContain('<ins><span class="unseen">now: </span>&quot;Looks. And tells others.&quot;</ins>');
  const [approve = '', keep = ''] = buttons(html);
  const kept = await press(admin, [keep]);
  expect(kept.status).toBe(303);
  expect(await page(admin, kept.headers.get('location') ?? '')).toContain('The approved definition is kept.');
  // The server still announces the changed one: calls would run that.
  expect((await definitions.of('currenttime')).pending.size).toBe(1);

  await definitions.observe('currenttime', told('Looks. And tells others.'));
  const done = await press(admin, [approve]);
  expect(done.headers.get('location')).toMatch(/^\/servers\/currenttime\?note=/);
  expect(await page(admin, done.headers.get('location') ?? '')).toContain('The tool is approved.');
  expect(buttons(await page(admin))).toEqual([]);
  expect(approvals).toBe(2);
});

test('A definition that has changed again is not approved, and the page shows a message', async () => {
  await definitions.observe('currenttime', told('Looks around.'));
  const [seen = ''] = buttons(await page(admin));
  await definitions.observe('currenttime', told('Looks, and sends it to others.'));
  const refused = await press(admin, [seen]);
  expect(await page(admin, refused.headers.get('location') ?? '')).toContain('has another definition by now');
  expect((await definitions.of('currenttime')).pending.size).toBe(1);
});

test.each([
  ['who may not change the server', user, { Origin: publicUrl }, 403],
  ['from another site', admin, { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }, 403],
  ['without Origin and Sec-Fetch-Site', admin, {}, 403],
])('A form of a person %s approves nothing', async (_what, who, headers, status) => {
  const [seen = ''] = buttons(await page(admin));
  expect((await press(who, [seen], headers)).status).toBe(status);
  expect((await press(admin, ['nonsense'])).status).toBe(400);
  expect((await definitions.of('currenttime')).pending.size).toBe(1);
  expect(buttons(await page(user))).toEqual([]);
});

describe('The hints of tools', () => {
  const editor = { ...admin, sub: 'u-ed', username: 'eva', groups: ['editors'], scopes: ['editors'] };
  const path = '/servers/secret-plans';
  const reads = (name: string, hint = true) =>
    toObservedTools([{ name, description: 'Reads.', annotations: { readOnlyHint: hint } }]);
  const words = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  const fields = (html: string) => [...html.matchAll(/name="tool" value="([^"]+)"/g)].map(([, value]) => value ?? '');
  const counted = () => [...(definitions.hashes().get('secret-plans')?.readOnly ?? [])];

  test('of first sight count once a person who may change the policy has approved them, if someone gains by it', async () => {
    await definitions.observe('secret-plans', reads('peek'));
    const others = await page(admin, path);
    expect(words(others)).toContain(
      'Its hints count once a person has approved them. 1 tool says that it only reads, and was approved when first seen. Then rules for tools that only read let people in support call it. A person with edit_policy can approve that.',
    );
    expect(fields(others)).toEqual([]);
    const own = await page(editor, path);
    const [field = ''] = fields(own);
    expect((await press(admin, [field], undefined, 'secret-plans')).status).toBe(403);
    const [hash, name] = field.split(' ');
    const headers = { 'X-Mcp-Assertion': await signer.sign(admin), 'Content-Type': 'application/json' };
    const sent = { method: 'POST', headers, body: JSON.stringify({ tools: [{ name, hash }] }) };
    expect((await fetch(`${registry.url}/api${path}/tools/approve`, sent)).status).toBe(403);
    expect(counted()).toEqual([]);
    expect((await press(editor, [field], undefined, 'secret-plans')).status).toBe(303);
    expect(counted()).toEqual(['peek']);
    expect(words(await page(editor, path))).not.toContain('Its hints count');
  });

  test('of a changed tool are named beside it, with who gains, and only a person who may change the policy approves them', async () => {
    const both = (hint: boolean) => [...reads('peek'), ...reads('look', hint)];
    await definitions.observe('secret-plans', both(false));
    const approveAll = async () =>
      press(editor, fields(await page(editor, path)).slice(0, 1), undefined, 'secret-plans');
    await approveAll();
    await definitions.observe('secret-plans', both(true));
    const others = words(await page(admin, path));
    expect(others).toContain(
      'It says that it only reads. Once it is approved, rules for such tools let people in support call it.',
    );
    expect(others).toContain('Keep the approved one');
    expect(others).not.toContain('Approve look');
    await approveAll();
    expect(counted().sort()).toEqual(['look', 'peek']);
  });

  test('are approved by anyone who may change the server where no one gains by them', async () => {
    await definitions.observe('currenttime', toObservedTools([{ name: 'see', annotations: { readOnlyHint: true } }]));
    const [field = ''] = fields(await page(admin)).filter((each) => each.endsWith(' see'));
    expect((await press(admin, [field])).status).toBe(303);
    expect([...(definitions.hashes().get('currenttime')?.readOnly ?? [])]).toEqual(['see']);
  });
});
