import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAudit } from '../../../../operations/doctor/checks/audit.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  for (const name of ['audit.db', 'audit-2026-11-28.db', 'audit-2026-11-29.db'])
    writeFileSync(join(folder, name), Buffer.alloc(2 ** 20));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const check = (env: NodeJS.ProcessEnv) =>
  checkAudit({ root: '/', groups: [], agentEnv: undefined, env: { DATA_DIR: folder, ...env } });

test('The doctor says how much the audit takes, and warns if the disk has less room than it may take', () => {
  expect(check({ AUDIT_MAX_MB: '64' })).toEqual([
    { check: 'audit', state: 'ok', seen: '2 days of records take 2 of 64 MB' },
  ]);
  const [finding] = check({ AUDIT_MAX_MB: '9000000000000' });
  expect(finding).toMatchObject({ state: 'warn', todo: 'make room, or lower AUDIT_MAX_MB' });
});

test.each<[string, NodeJS.ProcessEnv]>([
  ['a database on another disk', { DATABASE_URL: 'postgres://localhost/gateway' }],
  ['a folder without an audit', { DATA_DIR: '/nowhere' }],
])('The doctor says nothing about the audit of %s', (_case, env) => {
  expect(check(env)).toEqual([]);
});
