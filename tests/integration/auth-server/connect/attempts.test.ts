import { createTokenVault } from '../../../../auth-server/cognito/token-vault.ts';
import { createConnectAttempts } from '../../../../auth-server/connect/attempts.ts';
import { type OAuthStore, openOAuthStore } from '../../../../auth-server/oauth/store/store.ts';
import { accountsAddress } from '../../../support/auth-server/accounts-in-memory.ts';
import { useClock } from '../../../support/clock.ts';
import { bothDatabases } from '../../../support/postgres/both-databases.ts';

const clock = useClock();
const vault = createTokenVault(['a-key-of-a-test-that-is-long-enough-for-it']);
const at = { server: 'notes', account: 'notion', address: accountsAddress };
const attempt = (state: string) => ({ state, verifier: 'v', nonce: 'n', identity: 'i', clientId: 'c' });
const hers = { sid: 'sid-1', subject: 'alice' };

describe.each(bothDatabases(''))('Attempts to connect an account, over %s,', (_kind, places) => {
  let stores: OAuthStore[];
  let one: ReturnType<typeof createConnectAttempts>;
  let other: typeof one;
  beforeEach(async () => {
    const where = await places.empty();
    stores = [await openOAuthStore(where), await openOAuthStore(where)];
    [one, other] = stores.map(({ db }) => createConnectAttempts(db, vault)) as [typeof one, typeof one];
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
  });

  test('begin at one auth-server and end at another, once, for the session that began', async () => {
    await one.add(hers, at, attempt('state'));
    expect(await other.find('state')).toEqual({ ...hers, at, isUsed: false });
    for (const stranger of [
      { ...hers, sid: 'sid-2' },
      { ...hers, subject: 'bob' },
    ])
      expect(await other.use('state', stranger)).toBeUndefined();
    const both = await Promise.all([one.use('state', hers), other.use('state', hers)]);
    expect(both.filter((each) => each !== undefined)).toEqual([attempt('state')]);
    expect(await one.find('state')).toMatchObject({ isUsed: true });
  });

  test('are ten in a session at most, and are forgotten after ten minutes', async () => {
    for (let i = 0; i < 12; i++) {
      await one.add(hers, at, attempt(`state-${i}`));
      clock.advance(1);
    }
    await one.add({ ...hers, sid: 'sid-2' }, at, attempt('of-another'));
    const found = await Promise.all(['state-1', 'state-2', 'state-11', 'of-another'].map(other.find));
    expect(found.map((each) => each !== undefined)).toEqual([false, true, true, true]);
    clock.advance(600);
    expect(await one.find('of-another')).toBeUndefined();
    await one.add(hers, at, attempt('later'));
    const left = await stores[0]?.db.selectFrom('account_attempt').select('sid').execute();
    expect(left).toHaveLength(1);
  });
});
