import { resolve } from 'node:path';
import type { Kysely, KyselyPlugin } from 'kysely';
import { type Grant, Grants, type Replay } from '../../../../auth-server/oauth/grants/grants.ts';
import type { Schema } from '../../../../auth-server/oauth/store/migrations.ts';
import { type OAuthStore, openOAuthStore } from '../../../../auth-server/oauth/store/store.ts';
import { digest, random } from '../../../../auth-server/oauth/store/tokens.ts';
import { useClock } from '../../../support/clock.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { outputOf } from '../../../support/process.ts';

const clock = useClock();
const day = 86_400;
const lineage = 'a secret that all processes share';
const redirectUri = 'http://127.0.0.1:7999/callback';
const verifier = 'v'.repeat(43);
const terms = { redirectUri, challenge: digest(verifier) };
const ended = { error: 'invalid_grant', message: 'Your login has ended. Log in again.' };
const module = (name: string) => JSON.stringify(resolve(`auth-server/oauth/${name}.ts`));

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let where: string;
  let store: OAuthStore;
  let grants: Grants;
  let ends: [string, Replay][];
  const open = (db: Kysely<Schema> = store.db) =>
    new Grants(db, Buffer.from(lineage), {
      idleSeconds: 14 * day,
      mostRetired: 20,
      end: async (...end) => void ends.push(end),
    });
  beforeEach(async () => {
    where = await places.empty();
    store = await openOAuthStore(where);
    ends = [];
    grants = open();
  });
  afterEach(() => store.close());

  const grant = (change: Partial<Grant> = {}): Grant => {
    const until = Math.floor(Date.now() / 1000) + 30 * day;
    return { sid: 's1', client: 'c1', resource: 'https://gw.example/alpha/mcp', until, ...change };
  };
  const code = async (from = grants, request = random()) => {
    await from.addCode('code', request, grant({ sid: from.sidOf(request) }), terms);
    return (await from.codeOf('code', request)) ?? '';
  };
  const redeem = async (value: string, from = grants) =>
    from.redeem(value, await from.findCode('code', value, 'c1', redirectUri, verifier));
  const logIn = async () => redeem(await code());
  const refresh = async (token: string, from = grants) => {
    const found = await from.findRefreshToken(token, 'c1');
    if (!found) throw Object.assign(new Error(ended.message), { error: ended.error });
    return from.rotate(token, found);
  };
  /** Runs `text` in two processes at once, each with grants of its own on the same database. */
  const inTwoProcesses = async (text: string): Promise<string[]> => {
    const program = `
      const { openOAuthStore } = await import(${module('store/store')});
      const { Grants } = await import(${module('grants/grants')});
      const store = await openOAuthStore(${JSON.stringify(where)});
      const grants = new Grants(store.db, Buffer.from('${lineage}'), { idleSeconds: ${14 * day}, end: async () => undefined });
      const times = (number, work) => Promise.all(Array.from({ length: number }, () => work().catch(({ error }) => error)));
      const refresh = async (token) => grants.rotate(token, await grants.findRefreshToken(token, 'c1'));
      ${text}
      await store.close();`;
    const outputs = await Promise.all([outputOf(program), outputOf(program)]);
    return outputs.flatMap((output) => JSON.parse(output) as string[]);
  };
  const rows = () => store.db.selectFrom('oauth_token').selectAll().execute();

  describe('a code', () => {
    test('is exchanged once, and gives what the person allowed', async () => {
      const value = await code();
      expect(await grants.findCode('code', value, 'c1', redirectUri, verifier)).toEqual(
        grant({ sid: expect.any(String), until: expect.any(Number) }),
      );
      expect(await redeem(value)).toMatch(/^[\w-]{43}$/);
    });

    test('that comes twice was stolen: the login ends, and its refresh token works no more', async () => {
      const value = await code();
      const token = await redeem(value);
      await expect(redeem(value)).rejects.toMatchObject(ended);
      expect(ends).toEqual([[expect.any(String), 'code_replayed']]);
      await expect(refresh(token)).rejects.toMatchObject(ended);
    });

    test('that twenty calls of two processes exchange at once gives one refresh token', async () => {
      const value = await code();
      const found = JSON.stringify(await grants.findCode('code', value, 'c1', redirectUri, verifier));
      const all = await inTwoProcesses(
        `console.log(JSON.stringify(await times(10, () => grants.redeem(${JSON.stringify(value)}, ${found}))));`,
      );
      expect(all).toHaveLength(20);
      expect(all.filter((token) => token !== 'invalid_grant')).toHaveLength(1);
    });

    test('that twenty calls of one process exchange at once gives one refresh token', async () => {
      const value = await code();
      const found = await grants.findCode('code', value, 'c1', redirectUri, verifier);
      const all = await Promise.allSettled(Array.from({ length: 20 }, () => grants.redeem(value, found)));
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    test('is not taken from another client, for another address or with another verifier, and works afterwards', async () => {
      const value = await code();
      for (const [client, address, proof] of [
        ['c2', redirectUri, verifier],
        ['c1', `${redirectUri}/`, verifier],
        ['c1', redirectUri, 'w'.repeat(43)],
        ['c1', redirectUri, ''],
      ] as const)
        await expect(grants.findCode('code', value, client, address, proof)).rejects.toMatchObject(ended);
      expect(await redeem(value)).toBeDefined();
      expect(ends).toEqual([]);
    });

    test('works for a minute', async () => {
      const value = await code();
      clock.advance(61);
      await expect(redeem(value)).rejects.toMatchObject(ended);
      expect(ends).toEqual([]);
    });

    test('is the same for a second click on Allow, until it was exchanged', async () => {
      const value = await code(grants, 'request');
      expect(await code(open(), 'request')).toBe(value);
      expect(grants.sidOf('request')).toBe(open().sidOf('request'));
      await redeem(value);
      expect(await code(grants, 'request')).toBe('');
    });

    test('that was never exchanged names its grant when it is deleted, once', async () => {
      await code(grants, 'request');
      await logIn();
      expect(await grants.prune()).toEqual([]);
      clock.advance(700);
      expect(await grants.prune()).toEqual([grants.sidOf('request')]);
      expect(await grants.prune()).toEqual([]);
    });
  });

  describe('a refresh token', () => {
    test('that two calls show at once gives both the same successor', async () => {
      const token = await logIn();
      const [one, two] = await Promise.all([refresh(token), refresh(token)]);
      expect(one).toBe(two);
      expect(await refresh(one)).not.toBe(one);
    });

    test('that fifty calls of two processes show at once gives one family', async () => {
      const token = await logIn();
      const all = await inTwoProcesses(
        `console.log(JSON.stringify(await times(25, () => refresh(${JSON.stringify(token)}))));`,
      );
      expect(all).toHaveLength(50);
      expect(new Set(all).size).toBe(1);
      expect(await refresh(all[0] ?? '')).toMatch(/^[\w-]{43}$/);
      expect(ends).toEqual([]);
    });

    test('gives one family also if two processes go through four generations at the same time', async () => {
      const token = await logIn();
      const all = await inTwoProcesses(`
        let token = ${JSON.stringify(token)};
        for (let i = 0; i < 4; i++) [token] = await times(10, () => refresh(token));
        console.log(JSON.stringify([token]));`);
      const unused = (await rows()).filter(({ kind, used_at }) => kind === 'refresh' && used_at === null);
      expect(unused).toHaveLength(1);
      for (const each of all) expect(await refresh(each)).toMatch(/^[\w-]{43}$/);
      expect(ends).toEqual([]);
    });

    test('that was replaced gives the newest of its family for 45 seconds', async () => {
      const first = await logIn();
      const second = await refresh(first);
      const third = await refresh(second);
      const fourth = await refresh(third);
      clock.advance(40);
      expect(await refresh(first)).toBe(fourth);
      expect(ends).toEqual([]);
    });

    test('whose answer was lost works for a day, because its successor is unused', async () => {
      const first = await logIn();
      const lost = await refresh(first);
      clock.advance(80_000);
      expect(await refresh(first)).toBe(lost);
      expect(await refresh(lost)).not.toBe(lost);
      expect(ends).toEqual([]);
    });

    test('that comes after its successor was used was stolen: the whole family ends', async () => {
      const first = await logIn();
      const second = await refresh(first);
      const third = await refresh(second);
      clock.advance(46);
      await expect(refresh(first)).rejects.toMatchObject(ended);
      expect(ends).toEqual([[expect.any(String), 'refresh_token_replayed']]);
      await expect(refresh(third)).rejects.toMatchObject(ended);
    });

    test('is not found for another client, after two idle weeks, or after the end of the grant', async () => {
      const token = await logIn();
      expect(await grants.findRefreshToken(token, 'c2')).toBeUndefined();
      clock.advance(14 * day + 1);
      expect(await grants.findRefreshToken(token, 'c1')).toBeUndefined();
      clock.advance(-14 * day);
      let newest = token;
      for (let i = 0; i < 4; i++) {
        clock.advance(9 * day);
        newest = (await refresh(newest).catch(() => undefined)) ?? '';
      }
      expect(newest).toBe('');
    });

    test('that was replaced is forgotten after a day, and only so many of a family are remembered', async () => {
      const first = await logIn();
      let newest = first;
      for (let i = 0; i < 25; i++) newest = await refresh(newest);
      expect((await rows()).filter(({ kind }) => kind === 'refresh').length).toBeLessThan(23);
      expect(await grants.findRefreshToken(first, 'c1')).toBeUndefined();
      clock.advance(day + 60);
      expect(await grants.prune()).toEqual([]);
      expect((await rows()).filter(({ kind }) => kind === 'refresh')).toHaveLength(1);
      expect(await refresh(newest)).toMatch(/^[\w-]{43}$/);
    });
  });

  test('whichever operation of the store fails once, the login survives', async () => {
    let left = 0;
    const failing: KyselyPlugin = {
      transformQuery: ({ node }) => {
        if (--left === 0) throw new Error('the database does not answer');
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const unsteady = open(store.db.withPlugin(failing));
    const again = async <T>(work: () => Promise<T>) => {
      try {
        return await work();
      } catch (error) {
        expect((error as Error).message).toBe('the database does not answer');
        return await work();
      }
    };
    let failed = 0;
    for (let at = 1; at <= 20; at++) {
      const request = random();
      left = at;
      const value = await again(() => code(unsteady, request));
      let token = await again(() => redeem(value, unsteady));
      for (let i = 0; i < 2; i++) token = await again(() => refresh(token, unsteady));
      if (left <= 0) failed++;
      left = 0;
      expect(await refresh(token)).toMatch(/^[\w-]{43}$/);
    }
    expect(failed).toBeGreaterThan(10);
    expect(ends).toEqual([]);
  });

  test('nothing in the tables is a code, a token or a verifier', async () => {
    const value = await code();
    const token = await redeem(value);
    const next = await refresh(token);
    const kept = JSON.stringify(await rows());
    for (const secret of [value, token, next, verifier]) expect(kept).not.toContain(secret);
  });

  test('two processes that start at once on an empty database make its tables once', async () => {
    const empty = await places.fresh();
    const start = `
      const { openOAuthStore } = await import(${module('store/store')});
      const store = await openOAuthStore(${JSON.stringify(empty)});
      console.log((await store.db.selectFrom('oauth_token').selectAll().execute()).length);
      await store.close();`;
    expect(await Promise.all([outputOf(start), outputOf(start)])).toEqual(['0', '0']);
  });
});
