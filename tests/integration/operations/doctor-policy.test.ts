import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../auth-server/store/store.ts';
import { checkGroups, readPolicy } from '../../../operations/doctor/checks/policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'doctor-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SCOPES_FILE = join(folder, 'scopes.yml');
writeFileSync(SCOPES_FILE, readFileSync('scopes.yml', 'utf8'));
const setup = (env: NodeJS.ProcessEnv) => ({
  ...{ root: '/', groups: ['night-shift'], agentEnv: undefined },
  env: { SCOPES_FILE, DATA_DIR: folder, ...env },
});
const groupsOf = async (env: NodeJS.ProcessEnv) => {
  const { policy, name, findings } = await readPolicy(setup(env));
  return { findings, groups: policy && checkGroups(setup(env), undefined, { policy, name }) };
};

test('Before its first version, the doctor checks the policy file, and says that it becomes the first', async () => {
  const { findings, groups } = await groupsOf({ POLICY_EDITABLE: 'true' });
  expect(findings).toMatchObject([
    { check: 'policy', state: 'warn', todo: expect.stringContaining('becomes the first version') },
  ]);
  expect(groups).toMatchObject([{ check: 'groups', state: 'FAIL', todo: expect.stringContaining('scopes.yml') }]);
});

test('Where people change the policy in the gateway, the doctor checks the version in force, and names it', async () => {
  const store = await openStore(folder);
  const by = { sub: 'ada00000', name: 'ada' };
  const text = 'group_mappings: {night-shift: [s]}\ns: [{server: a, methods: [tools/list]}]\n';
  await store.policyVersions.add({ version: 'v', parent: null, by, why: 'for this test', source: 'page', text });
  await store.close();
  const { findings, groups } = await groupsOf({ POLICY_EDITABLE: 'true' });
  expect(findings).toMatchObject([
    { state: 'ok', seen: expect.stringContaining('version 1 of the policy is in force') },
  ]);
  expect(groups).toMatchObject([{ state: 'ok', seen: expect.stringContaining('night-shift') }]);
  expect((await groupsOf({})).groups).toMatchObject([{ state: 'FAIL' }]);
});
