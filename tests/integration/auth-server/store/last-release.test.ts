import { createTokenVault } from '../../../../auth-server/cognito/token-vault.ts';
import { createHoldAnswers } from '../../../../auth-server/holds/answers.ts';
import type { HeldCall } from '../../../../auth-server/holds/held-call.ts';
import { type HoldDatabase, Holds } from '../../../../auth-server/holds/holds.ts';
import { type CallLimits, createCallLimits } from '../../../../auth-server/limits/call-limits.ts';
import { openCountStore } from '../../../../auth-server/limits/count-store.ts';
import { type Schema as OAuthSchema, changes as oauthChanges } from '../../../../auth-server/oauth/store/migrations.ts';
import { openOAuthStore } from '../../../../auth-server/oauth/store/store.ts';
import { changes, type Schema } from '../../../../auth-server/store/migrations.ts';
import { openStore } from '../../../../auth-server/store/store.ts';
import type { Database } from '../../../../common/database/database.ts';
import { migrate, type SchemaChanges } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { decide } from '../../../../policy/decide.ts';
import { now } from '../../../support/auth-server/auth-fixture.ts';
import { processOfLastRelease } from '../../../support/policy/last-release.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

/** The last changes of the last release. */
const released = { kysely: '014-addresses-of-sessions', oauth: '003-account-attempts' };
const upTo = (all: SchemaChanges, last: string) => Object.fromEntries(Object.entries(all).filter(([n]) => n <= last));
const log = { error: () => undefined, info: () => undefined };

const before = `
group_mappings: { staff: [s] }
s:
  - { server: github, methods: [tools/call], tools: [get_issue] }
`;
const withApproval = `${before}  - { server: github, methods: [tools/call], tools: [{ name: create_issue, approve: person }] }\n`;
const withLimit = `${before}limits: [{ who: [staff], server: github, calls: 4, per: day }]\n`;
const access = (name: string) => [{ method: 'tools/call', object: { kind: 'tool', name } }] as const;
const verdict = (policy: ReturnType<typeof parsePolicy>, tool: string) => {
  const decision = decide(policy, ['s'], 'github', access(tool));
  return decision.allowed ? 'allowed' : decision.reason;
};

describe.each<[string, Places]>(bothDatabases('data'))(
  'Over %s, beside a process of the last release,',
  (_kind, places) => {
    let where: string;
    let closing: (() => Promise<unknown>)[];
    const opened = <T>(file: string): Database<T> =>
      where.startsWith('postgres') ? openPostgres<T>(where, () => undefined) : openSqlite<T>(`${where}/${file}`);
    /** The tables as the last release has them open while it runs. */
    const openOld = async <T>(file: string, all: SchemaChanges, prefix: keyof typeof released) => {
      const database = opened<T>(file);
      closing.push(database.close);
      await migrate(database, all, prefix, released[prefix]);
      return database;
    };
    /** What the last release does when it starts. */
    const startOld = async <T>(file: string, all: SchemaChanges, prefix: keyof typeof released) => {
      const database = opened<T>(file);
      await migrate(database, upTo(all, released[prefix]), prefix).finally(() => database.close());
    };
    beforeEach(async () => {
      where = await places.fresh();
      closing = [];
    });
    afterEach(async () => {
      for (const close of closing.reverse()) await close();
    });

    describe('held calls', () => {
      const vault = createTokenVault(['a-key-of-a-test-that-is-long-enough-for-it']);
      const approvers = { person: true, groups: [] };
      const call: HeldCall = {
        ...{ owner: 'person:alice', username: 'alice', shownName: undefined, client: undefined, server: 'github' },
        ...{ tool: 'create_issue', definition: undefined, text: '{"name":"create_issue"}', round: undefined },
      };
      const replica = async () => {
        const store = await openOAuthStore(where);
        closing.push(store.close);
        const database = store as unknown as HoldDatabase;
        const holds = new Holds({ database, vault, standing: async () => [] });
        return { store, holds, answers: createHoldAnswers(database, vault) };
      };
      const approved = { subject: 'alice', name: 'alice', sid: 's', group: null, isFresh: true };

      test('an approval counts once, whatever the old one writes and prunes meanwhile, and both see its logins', async () => {
        const old = await openOld<OAuthSchema>('oauth.db', oauthChanges, 'oauth');
        const { store, holds, answers } = await replica();
        const login = (key: string, expires_at: number) => ({
          key,
          request: 'r',
          browser: 'b',
          attempt: '{}',
          expires_at,
        });
        const write = (key: string, until: number) =>
          old.db.insertInto('oauth_login').values(login(key, until)).execute();
        const prune = () => old.db.deleteFrom('oauth_login').where('expires_at', '<=', now()).execute();

        await write('late', now() - 1);
        const outcome = await holds.pass(call, approvers);
        expect(outcome).toMatchObject({ is: 'waiting', isNew: true });
        await write('under way', now() + 600);
        await prune();
        expect('id' in outcome && (await answers.approve(outcome, approved))).toBe(true);
        await prune();
        expect([await holds.pass(call, approvers), await holds.pass(call, approvers)]).toMatchObject([
          { is: 'passed' },
          { is: 'waiting' },
        ]);
        expect(await store.db.selectFrom('oauth_login').select('key').execute()).toEqual([{ key: 'under way' }]);
      });

      test('the old one refuses the policy with the new word, says so, and lets no held call pass without an approval', async () => {
        const old = processOfLastRelease(before);
        old.take(withApproval);
        expect(old.faults()).toEqual(['line 5: s[1].tools: must be a list of names']);
        const tools = ['get_issue', 'create_issue'];
        expect(tools.map((tool) => verdict(old.policy(), tool))).toEqual(['allowed', 'object_not_allowed']);
        expect(tools.map((tool) => verdict(parsePolicy(withApproval), tool))).toEqual(['allowed', 'approval_needed']);
      });

      test('an old one that starts again refuses the tables, and what waits is still there', async () => {
        const { holds } = await replica();
        await holds.pass(call, approvers);
        await expect(startOld('oauth.db', oauthChanges, 'oauth')).rejects.toThrow('004-holds');
        expect(await holds.pass(call, approvers)).toMatchObject({ is: 'waiting', isNew: false });
      });
    });

    describe('the counts of limits', () => {
      const principal = { kind: 'person', subject: 'ann', username: 'ann', groups: ['staff'], scopes: ['s'] };
      const asked = { id: 1, accesses: access('get_issue') };
      const replica = async (policy: ReturnType<typeof parsePolicy>): Promise<CallLimits> => {
        const limits = await createCallLimits({
          store: await openCountStore(where),
          policy: () => policy,
          log,
          every: 0,
        });
        closing.push(limits.close);
        return limits;
      };
      /** How many of some calls pass. */
      const pass = (limits: CallLimits, times: number) =>
        Array.from({ length: times }, () => {
          try {
            return Boolean(limits.take(principal as never, { server: 'github', broker: undefined }, asked as never));
          } catch {
            return false;
          }
        }).filter(Boolean).length;

      test('new ones count together what passes them, and the old one takes no part and loses nothing', async () => {
        const old = await openOld<Schema>('auth-server.db', changes, 'kysely');
        const store = await openStore(where);
        closing.push(store.close);
        const [one, other] = [await replica(parsePolicy(withLimit)), await replica(parsePolicy(withLimit))];
        expect(pass(one, 2)).toBe(2);
        await one.share();
        // What the old one goes on writing, in the same database.
        const used = { digest: 'jti', until: now() + 300 };
        await old.db.insertInto('used').values(used).execute();
        await old.db.deleteFrom('used').where('until', '<', now()).execute();
        await other.share();
        expect(pass(other, 1)).toBe(1);
        await other.share();
        expect(pass(one, 1)).toBe(1);
        await one.share();
        expect(pass(one, 5)).toBe(0);
        expect(await one.left({ ...principal, unknown: [] } as never)).toMatchObject([{ calls: 4 }]);
        expect(await old.db.selectFrom('used').select('digest').execute()).toEqual([{ digest: 'jti' }]);
      });

      test('the old one refuses the policy with limits, says so, and goes on without them', async () => {
        const old = processOfLastRelease(before);
        old.take(withLimit);
        expect(old.faults()).toContain('line 5: limits[0]: Unrecognized key: "calls"');
        const limits = await replica(old.policy());
        expect([pass(limits, 5), limits.state()]).toEqual([0, undefined]);
        expect(verdict(old.policy(), 'get_issue')).toBe('allowed');
        // The next file that it can use is in force again.
        old.take(before.replace('get_issue', 'get_me'));
        expect([old.faults(), verdict(old.policy(), 'get_me')]).toEqual([[], 'allowed']);
      });
    });

    test('a running old one goes on beside versions of the policy; one that starts again refuses the tables', async () => {
      const old = await openOld<Schema>('auth-server.db', changes, 'kysely');
      const store = await openStore(where);
      closing.push(store.close);
      const by = { sub: 'ada00000', name: 'ada' };
      const version = {
        version: 'v',
        parent: null,
        by,
        why: 'for this test',
        source: 'page' as const,
        text: withLimit,
      };
      await store.policyVersions.add(version);
      await old.db
        .insertInto('used')
        .values({ digest: 'jti', until: now() + 300 })
        .execute();
      await expect(startOld('auth-server.db', changes, 'kysely')).rejects.toThrow('015-policy-versions');
      expect(await store.policyVersions.newest()).toEqual({ number: 1, version: 'v' });
      expect(await store.policyVersions.get(1)).toMatchObject({ text: withLimit });
    });
  },
);
