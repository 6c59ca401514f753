import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AccountServer } from '../../../auth-server/accounts/accounts.ts';
import { checkAccountKeys } from '../../../operations/accounts/check-keys.ts';
import { run as rekey } from '../../../operations/accounts/rekey.ts';
import { run as backup } from '../../../operations/backup/main.ts';
import { run as restore } from '../../../operations/backup/restore/main.ts';
import { type AccountProvider, startAccountProvider } from '../../support/accounts/account-provider.ts';
import { entriesOf, gatewayAccounts } from '../../support/accounts/gateway-accounts.ts';
import { runCommand } from '../../support/operations/run-command.ts';
import { bothDatabases } from '../../support/postgres/both-databases.ts';

const [before, next] = [
  '8f14e45fceea167a5a36dedd4bea2543f7c1d2b90e6a4c31',
  'b1a7c9d3e5f70246813579bdf0aceb24681357908642aced',
] as [string, string];
const server: AccountServer = { server: 'notes', account: 'notes', address: 'http://127.0.0.1:9999/mcp -' };

let provider: AccountProvider;
let entries: ReturnType<typeof entriesOf>;
let folder: string;
beforeAll(async () => {
  provider = await startAccountProvider();
  const account = `{ issuer: ${provider.issuer}, scopes: [mcp, offline_access] }`;
  entries = entriesOf(`notes: { account: ${account}, for: [http://127.0.0.1:9999/mcp] }`);
});
afterAll(() => provider.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'accounts-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Works on the accounts as a process with these keys. */
async function as<T>(
  where: string,
  keys: readonly string[],
  work: (by: Awaited<ReturnType<typeof gatewayAccounts>>) => Promise<T>,
) {
  const gateway = await gatewayAccounts(where, entries, { keys });
  return await work(gateway).finally(() => gateway.store.close());
}
const find = (where: string, keys: readonly string[]) => as(where, keys, (by) => by.accounts.find('carol', server));

describe.each(bothDatabases('auth-server.db'))('%s:', (kind, places) => {
  test('accounts:rekey locks all under the first key, and doctor says what no key opens', async () => {
    const place = await places.empty();
    const isFile = kind === 'SQLite';
    const where = isFile ? dirname(place) : place;
    const file = join(folder, 'keys');
    const env = { ...(isFile ? { DATA_DIR: where } : { DATABASE_URL: where }), ACCOUNTS_KEY_FILE: file };
    const doctor = () => checkAccountKeys({ root: folder, env, agentEnv: undefined, groups: [] });
    const write = (...keys: string[]) => writeFileSync(file, keys.join('\n'), { mode: 0o600 });
    expect(await doctor()).toEqual([]);
    await as(where, [before], (by) => by.connect('carol', server));

    write(next);
    expect(await runCommand(rekey, [], { env })).toMatchObject({ code: 1, stdout: expect.stringContaining('no key') });
    expect(await doctor()).toMatchObject([{ state: 'warn', seen: expect.stringContaining('no key opens 1') }]);
    write(next, before);
    expect(await runCommand(rekey, [], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^2 locked again/),
    });
    expect(await runCommand(rekey, [], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^0 locked again/),
    });
    expect(await find(where, [next])).toHaveProperty('token');
    expect(await find(where, [before])).toEqual({ none: 'ended' });
    write(next);
    expect(await doctor()).toMatchObject([{ state: 'ok' }]);
    rmSync(file);
    expect(await doctor()).toMatchObject([{ state: 'FAIL' }]);
    expect((await runCommand(rekey, [], { env })).code).toBe(1);
  });
});

test('A backup has the keys only if asked, and restored accounts are used once their provider has confirmed them', async () => {
  const data = join(folder, 'data');
  await as(data, [before], async (by) => {
    await by.connect('carol', server);
    await by.connect('dave', server);
  });
  writeFileSync(join(data, 'accounts-keys'), before, { mode: 0o600 });
  const env = { UP_DATA_DIR: data };
  const [without, whole] = [join(folder, 'without'), join(folder, 'whole')];
  await runCommand(backup, [without], { env });
  expect(existsSync(join(without, 'accounts-keys'))).toBe(false);
  await runCommand(backup, [whole, '--with-accounts-key'], { env });
  expect(readFileSync(join(whole, 'accounts-keys'), 'utf8')).toBe(before);
  // Disconnected after the backup: must not work again.
  await as(data, [before], async (by) => {
    await by.endAtProvider('dave', server);
    await by.connections.disconnect('dave', 'all');
  });
  expect(await runCommand(restore, [whole], { env })).toMatchObject({ code: 0 });
  const grants = provider.seen.grants.length;
  await as(data, [before], async (by) => {
    expect(await by.accounts.find('carol', server)).toHaveProperty('token');
    expect(provider.seen.grants.slice(grants)).toEqual(['refresh_token']);
    expect(await by.accounts.find('carol', server)).toHaveProperty('token');
    expect(provider.seen.grants.slice(grants)).toEqual(['refresh_token']);
    expect(await by.accounts.find('dave', server)).toEqual({ none: 'ended' });
  });
});
