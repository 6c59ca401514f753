import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AccountServer } from '../../../../auth-server/accounts/accounts.ts';
import type { AccountRow } from '../../../../auth-server/store/accounts/account-row.ts';
import type { Schema } from '../../../../auth-server/store/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { startAccountProvider } from '../../../support/accounts/account-provider.ts';
import { type Entries, entriesOf, gatewayAccounts } from '../../../support/accounts/gateway-accounts.ts';
import { useClock } from '../../../support/clock.ts';
import { until } from '../../../support/listen.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

type Gateway = Awaited<ReturnType<typeof gatewayAccounts>>;
type Provider = Awaited<ReturnType<typeof startAccountProvider>>;

const clock = useClock();
const tokenOf = (found: object) => (found as { token?: string }).token;
const subjectOf = (token = '') => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub;

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let provider: Provider;
  let where: string;
  let entries: Entries;
  let one: Gateway;
  let two: Gateway;
  const server: AccountServer = { server: 'notes', account: 'notes', address: 'http://127.0.0.1:9999/mcp -' };
  const file = (issuer: string, path = 'mcp', more = '') =>
    `notes: { account: { issuer: ${issuer}, scopes: [mcp, offline_access] ${more} }, for: [http://127.0.0.1:9999/${path}] }`;
  beforeAll(async () => {
    provider = await startAccountProvider();
  });
  afterAll(() => provider.close());
  beforeEach(async () => {
    Object.assign(provider.knobs, {
      tokenSeconds: 3_600,
      rotates: true,
      tokenStatus: undefined,
      tokenDelayMilliseconds: 0,
      losesTokens: false,
    });
    where = await places.empty();
    entries = entriesOf(file(provider.issuer));
    [one, two] = [await gatewayAccounts(where, entries), await gatewayAccounts(where, entries)];
    Object.assign(provider.seen, { grants: [], revoked: 0, requests: [] });
  });
  afterEach(async () => {
    await one.store.close();
    await two.store.close();
  });

  const opened = () =>
    where.startsWith('postgres')
      ? openPostgres<Schema>(where, () => undefined)
      : openSqlite<Schema>(`${where}/auth-server.db`);
  const refreshes = () => provider.seen.grants.filter((grant) => grant === 'refresh_token').length;
  const find = (by: Gateway, subject = 'carol', at = server) => by.accounts.find(subject, at);
  const row = async (by: Gateway, subject = 'carol') =>
    (await by.store.accountRows.ofSubject(subject))[0] as AccountRow;

  test('two people at one server have each their own token, in every process', async () => {
    expect(await find(one)).toEqual({ none: 'not_connected' });
    expect(await one.connect('carol', server)).toEqual({ name: undefined });
    await one.connect('dave', server, 'dave');
    for (const by of [one, two])
      for (const person of ['carol', 'dave']) expect(subjectOf(tokenOf(await find(by, person)))).toBe(person);
    expect(await find(two, 'erin')).toEqual({ none: 'not_connected' });
    expect(await find(two, 'carol', { ...server, server: 'other' })).toEqual({ none: 'not_connected' });
    expect(provider.seen.requests.filter((request) => request === 'POST /reg')).toHaveLength(1);
  });

  test('50 parallel calls of two processes at the end of a token make one refresh', async () => {
    await one.connect('carol', server);
    const before = tokenOf(await find(one));
    clock.advance(3_700);
    const found = await Promise.all(Array.from({ length: 50 }, (_, n) => find(n % 2 ? one : two)));
    const tokens = new Set(found.map(tokenOf));
    expect(tokens.size).toBe(1);
    expect(tokens).not.toContain(before);
    expect(refreshes()).toBe(1);
  });

  test('a token that ends soon is refreshed off the path: the call gets the old one at once', async () => {
    await one.connect('carol', server);
    const before = tokenOf(await find(one));
    clock.advance(3_400);
    provider.knobs.tokenDelayMilliseconds = 50;
    expect(tokenOf(await find(one))).toBe(before);
    expect(await until(async () => tokenOf(await find(one)) !== before)).toBe(true);
    expect(await until(async () => tokenOf(await find(two)) === tokenOf(await find(one)))).toBe(true);
    expect(refreshes()).toBe(1);
  });

  test('the background refreshes what was used since the last refresh, and nothing else', async () => {
    await one.connect('carol', server);
    await one.connect('dave', server);
    await find(one, 'carol');
    await one.flush();
    clock.advance(3_400);
    await Promise.all([one.sweep.ahead(), two.sweep.ahead()]);
    expect(refreshes()).toBe(1);
    expect([(await row(two, 'carol')).version, (await row(two, 'dave')).version]).toEqual([2, 1]);
    clock.advance(3_400);
    await one.sweep.ahead();
    expect(refreshes()).toBe(1);
  });

  test('a provider that fails or is slow keeps the account, and is not asked again at once', async () => {
    await one.connect('carol', server);
    clock.advance(3_700);
    provider.knobs.tokenStatus = 503;
    await expect(find(one)).rejects.toMatchObject({ code: 'account_unavailable' });
    const asked = provider.seen.requests.length;
    await expect(find(one)).rejects.toMatchObject({ code: 'account_unavailable' });
    expect(provider.seen.requests).toHaveLength(asked);
    provider.knobs.tokenStatus = undefined;
    clock.advance(10);
    expect(tokenOf(await find(one))).toBeDefined();
  });

  test('a person whose account the provider has ended connects again, and no one else notices', async () => {
    await one.connect('carol', server);
    await one.connect('dave', server);
    await one.endAtProvider('carol', server);
    clock.advance(3_700);
    const [carol, dave] = await Promise.all([find(one, 'carol'), find(one, 'dave')]);
    expect(carol).toEqual({ none: 'ended' });
    expect(subjectOf(tokenOf(dave))).toBe('dave');
    expect((await one.connections.list('carol'))[0]?.state).toBe('ended');
    await two.connect('carol', server);
    expect(await until(async () => subjectOf(tokenOf(await find(one, 'carol'))) === 'carol')).toBe(true);
  });

  test.each([
    ['nothing where the provider does not rotate refresh tokens', false, 'carol'],
    ['that one account where it does', true, undefined],
  ])('a process that is killed in the middle of a refresh loses %s', async (_what, rotates, expected) => {
    provider.knobs.rotates = rotates;
    await one.connect('carol', server);
    await one.connect('dave', server);
    await one.refreshAndLose('carol', server);
    clock.advance(3_700);
    const [carol, dave] = await Promise.all([find(two, 'carol'), find(two, 'dave')]);
    expect(subjectOf(tokenOf(dave))).toBe('dave');
    if (expected === undefined) expect(carol).toEqual({ none: 'ended' });
    else expect(subjectOf(tokenOf(carol))).toBe(expected);
  });

  test('a call waits for a slow provider or another process as long as a decision may take, and no longer', async () => {
    const hasty = await gatewayAccounts(where, entries, { waitMilliseconds: 200 });
    await one.connect('carol', server);
    const { key } = await row(one);
    clock.advance(3_700);
    const lease = await two.store.accountRows.lease(key, 20);
    await expect(find(hasty)).rejects.toMatchObject({ code: 'account_unavailable' });
    if (lease) await two.store.accountRows.release(lease);
    provider.knobs.tokenDelayMilliseconds = 1_000;
    await expect(find(hasty)).rejects.toMatchObject({ code: 'account_unavailable' });
    expect(await until(async () => tokenOf(await find(one)) !== undefined)).toBe(true);
    expect(refreshes()).toBe(1);
    await hasty.store.close();
  });

  test('a refused token is renewed once in ten minutes; after that the server refuses the account', async () => {
    await one.connect('carol', server);
    const first = (await find(one)) as { token: string; version: number };
    const report = ({ version }: { version: number }) =>
      one.accounts.refused('carol', server, { version, why: 'unauthorized' });
    await Promise.all(Array.from({ length: 20 }, () => report(first)));
    expect(refreshes()).toBe(1);
    const second = (await find(one)) as { token: string; version: number };
    expect(second.token).not.toBe(first.token);
    await report(first);
    expect(await find(one)).toEqual(second);
    await report(second);
    expect(await find(one)).toEqual({ none: 'refuses' });
    expect(refreshes()).toBe(1);
  });

  test('kill -9 in the middle of a refresh loses nothing where the provider does not rotate; else that person connects again, and no one else notices', async () => {
    for (const person of ['carol', 'dave', 'erin']) await one.connect(person, server);
    const program = join(import.meta.dirname, '../../../support/accounts/killed-process.ts');
    const flags = ['--disable-warning=ExperimentalWarning', program, where, file(provider.issuer)];
    const killed = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(killed, 'exit');
    try {
      await once(killed.stdout, 'data');
      provider.knobs.losesTokens = true;
      for (const [n, [person, rotates]] of [['carol', true] as const, ['dave', false] as const].entries()) {
        provider.knobs.rotates = rotates;
        killed.stdin.write(`${person}\n`);
        expect(await until(() => refreshes() === n + 1)).toBe(true);
      }
    } finally {
      killed.kill('SIGKILL');
      await ended;
    }
    provider.knobs.losesTokens = false;
    // The token that is known goes on until it ends, and the lease of the dead process until its time is over.
    for (const person of ['carol', 'dave', 'erin']) expect(subjectOf(tokenOf(await find(two, person)))).toBe(person);
    const database = opened();
    const leased = database.db.updateTable('account').set({ leased_until: 0 }).where('leased_until', '>', 0);
    const killedOnes = await leased.returning('subject').execute();
    expect(killedOnes.map(({ subject }) => subject).sort()).toEqual(['carol', 'dave']);
    await database.close();
    clock.advance(3_700);
    const [carol, dave, erin] = await Promise.all([find(two, 'carol'), find(two, 'dave'), find(two, 'erin')]);
    expect(carol).toEqual({ none: 'ended' });
    expect([subjectOf(tokenOf(dave)), subjectOf(tokenOf(erin))]).toEqual(['dave', 'erin']);
    await one.connect('carol', server);
    expect(await until(async () => subjectOf(tokenOf(await find(two, 'carol'))) === 'carol')).toBe(true);
  });

  test('a server that wants more rights stops the account only if connecting again would give them', async () => {
    await one.connect('carol', server);
    const { version } = (await find(one)) as { version: number };
    const wants = (scope: string) =>
      one.accounts.refused('carol', server, { version, why: 'insufficient_scope', scopes: [scope] });
    await wants('mcp:write');
    expect(tokenOf(await find(one))).toBeDefined();
    entries.change(file(provider.issuer).replace('scopes: [mcp,', 'scopes: [mcp, mcp:write,'));
    await wants('mcp:write');
    expect(await find(one)).toEqual({ none: 'more_scopes' });
  });

  test('another address, issuer, client or prefix of the server stops the use of the token', async () => {
    await one.connect('carol', server);
    const moved = { ...server, address: 'http://127.0.0.1:9999/mcp/other -' };
    expect(await find(one, 'carol', moved)).toEqual({ none: 'moved' });
    await expect(find(one, 'carol', { ...server, address: 'http://127.0.0.1:9998/mcp -' })).rejects.toMatchObject({
      code: 'account_unavailable',
    });
    for (const other of [
      file(provider.issuer).replace('9999/mcp]', '9999/mcp, http://127.0.0.1:9999/x]'),
      file(provider.issuer, 'mcp', ', client_id: x'),
      file(`${provider.issuer}/other`),
    ]) {
      entries.change(other);
      expect(await find(one)).toEqual({ none: 'moved' });
    }
    expect((await one.connections.list('carol'))[0]?.state).toBe('moved');
    entries.change(file(provider.issuer));
    expect(tokenOf(await find(one))).toBeDefined();
  });

  test('a disconnected account is dead in other processes within a second, and revoked at its provider', async () => {
    await one.connect('carol', server);
    await find(two);
    // The clock of this machine is ahead of the database's.
    clock.advance(1_000);
    const gone = await one.connections.disconnect('carol', 'all');
    expect(gone).toMatchObject([{ server: 'notes', state: 'ok' }]);
    expect(await until(async () => 'none' in (await find(two)))).toBe(true);
    expect(await until(() => provider.seen.revoked > 0)).toBe(true);
    expect(await two.store.departedAccounts.take()).toBeUndefined();
  });

  test('an account that is not used for 30 days is disconnected and revoked', async () => {
    await one.connect('carol', server);
    clock.advance(20 * 86_400);
    await one.sweep.idle();
    expect(await row(one)).toBeDefined();
    clock.advance(11 * 86_400);
    await two.sweep.idle();
    expect(await row(one)).toBeUndefined();
    expect(two.log.join('')).toContain('not used for long');
  });

  test('restored accounts are used in all processes after the one refresh that confirms them', async () => {
    for (const person of ['carol', 'dave']) await one.connect(person, server);
    await one.endAtProvider('dave', server);
    const database = opened();
    await database.db.updateTable('account').set({ confirmed: 0 }).execute();
    await database.close();
    const after = [await gatewayAccounts(where, entries), await gatewayAccounts(where, entries)] as const;
    try {
      const found = await Promise.all([0, 1, 0, 1].map((n) => find(after[n % 2 ? 1 : 0])));
      expect(new Set(found.map(tokenOf)).size).toBe(1);
      expect(subjectOf(tokenOf(found[0] ?? {}))).toBe('carol');
      expect(refreshes()).toBe(1);
      expect(await find(after[1], 'dave')).toEqual({ none: 'ended' });
    } finally {
      for (const { store } of after) await store.close();
    }
  });

  test('what no key opens is for its owner to connect again, and opens again with the key', async () => {
    await one.connect('carol', server);
    const other = await gatewayAccounts(where, entries, { keys: ['b1a7c9d3e5f70246813579bdf0aceb24681357908642aced'] });
    expect(await find(other)).toEqual({ none: 'ended' });
    expect((await other.connections.list('carol'))[0]?.state).toBe('ended');
    clock.advance(3_700);
    await other.sweep.ahead();
    await other.store.close();
    expect(subjectOf(tokenOf(await find(one)))).toBe('carol');
  });

  test('no log line holds a token, a code or a verifier', async () => {
    await one.connect('carol', server);
    const found = tokenOf(await find(one)) ?? '';
    clock.advance(3_700);
    await find(one);
    expect(one.log.join('')).not.toContain(found.split('.')[2]);
    expect(JSON.stringify(await one.connections.list('carol'))).not.toContain(found.split('.')[2]);
  });
});
