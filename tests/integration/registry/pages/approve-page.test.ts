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
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], modify_service: [all] }
  mcp-registry-user: { list_service: [currenttime] }
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
const press = async (who: object, tools: string[], headers: Record<string, string> = { Origin: publicUrl }) => {
  const sent = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html', ...headers };
  const body = new URLSearchParams(tools.map((tool) => ['tool', tool]));
  return await fetch(`${registry.url}/servers/currenttime/approve`, {
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
