import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerSoon, until } from '../support/listen.ts';
import { newDatabase } from '../support/postgres/databases.ts';
import { type Caller, call, known, openSession, read, register } from './calls.ts';
import { changedForecast, toolChanges } from './data.ts';
import { type ReleasedGateway, startReleased } from './gateway.ts';
import { codeOf, releases, thisVersion } from './release.ts';
import { forecast, makeWorld, type World } from './world.ts';

/** As the documents say for an update of several replicas (docs/operations/upgrades.md). */
const settingsOf = (version: string): Record<string, string> =>
  version === '0.1.0' ? { OAUTH_CLIENTS: 'off', PERSONAL_TOKEN_DAYS: '0' } : {};

/** What a machine with too much to do answers, whichever release runs. */
const tooSlow = new Set(['decision_too_slow', 'authorization_unavailable', '503', '504']);

describe.each(releases)('A replica of release $version beside one of this version, over one PostgreSQL:', (release) => {
  let world: World;
  let old: ReleasedGateway;
  let now: ReleasedGateway;
  let alice: Caller;
  let agent: Caller;
  /** What callers of the old replica got while the new one migrated the database and started. */
  const meanwhile = new Set<string>();

  const signIn = async (at: ReleasedGateway, person: string): Promise<Caller> => {
    world.leadTo(at.port);
    return { cookie: await world.signIn(person) };
  };
  /** Both ways: what happens on the first is to be seen on the second. */
  const bothWays = async (work: (first: ReleasedGateway, second: ReleasedGateway) => Promise<unknown>) => [
    await work(old, now),
    await work(now, old),
  ];

  beforeAll(async () => {
    world = await makeWorld(readFileSync(join(codeOf(release), 'scopes.yml'), 'utf8'));
    const settings = { DATABASE_URL: await newDatabase(), ...settingsOf(release.version) };
    old = await startReleased(release, world, { dataDir: join(world.folder, 'old'), settings });
    agent = { authorization: await world.agentBearer() };
    alice = await signIn(old, 'alice');
    await until(async () => (await call(old, alice)) === 'sunny');
    let starting = true;
    const load = (async () => {
      for (; starting; await sleep(50)) for (const caller of [alice, agent]) meanwhile.add(await call(old, caller));
    })();
    now = await startReleased(thisVersion, world, { dataDir: join(world.folder, 'now'), settings });
    starting = false;
    await load;
    await until(async () => (await call(now, alice)) === 'sunny');
  });
  afterAll(async () => {
    await now?.stop();
    await old?.stop();
    await world?.stop();
  });

  test('no caller of the old one was refused while the new one migrated the database', () => {
    expect([...meanwhile].filter((verdict) => !tooSlow.has(verdict))).toEqual(['sunny']);
  });

  test('a login at either counts at both', async () => {
    const logins = await bothWays(async (first, second) => {
      const dave = await signIn(first, 'dave');
      return [await known(first, dave), await answerSoon(() => known(second, dave), 200)];
    });
    expect(logins).toEqual(Array(2).fill([200, 200]));
  });

  test('an MCP session that was opened at either goes on at both, for its owner only', async () => {
    const sessions = await bothWays(async (first, second) => {
      const session = await openSession(first, alice);
      const stolen = { ...session, ...agent, cookie: '' };
      const goesOn = await answerSoon(() => call(second, session), 'sunny');
      return [goesOn, world.weather.calls.at(-1)?.session === session['mcp-session-id'], await call(second, stolen)];
    });
    expect(sessions).toEqual(Array(2).fill(['sunny', true, 'session_unknown']));
  });

  test('a sign-out at either counts at both', async () => {
    const ended = await bothWays(async (first, second) => {
      const dave = await signIn(first, 'dave');
      const before = await answerSoon(() => known(second, dave), 200);
      await first.ask('/oauth2/logout/cognito', { method: 'POST', headers: { ...dave, origin: world.url } });
      return [
        before,
        await answerSoon(() => known(first, dave), 401),
        await answerSoon(() => known(second, dave), 401),
      ];
    });
    expect(ended).toEqual(Array(2).fill([200, 401, 401]));
  });

  test('a revocation by the new one ends access at both; the command of the old one says that it ended nothing', async () => {
    const bob = await signIn(old, 'bob');
    await until(async () => (await known(now, bob)) === 200);
    const refused = await old.command('revoke', '--user', 'bob');
    expect(refused).toEqual({
      code: 1,
      text: expect.stringMatching(/previously executed migration .* is missing.*Nothing was ended/s),
    });
    expect([await known(old, bob), await known(now, bob)]).toEqual([200, 200]);
    expect((await now.command('revoke', '--user', 'bob')).code).toBe(0);
    const both = [await answerSoon(() => known(old, bob), 401), await answerSoon(() => known(now, bob), 401)];
    expect(both).toEqual([401, 401]);
  });

  test('a server that was registered at either is served by both, until one of them disables it', async () => {
    const served = await bothWays(async (first, second) => {
      const name = `rain-of-${first === old ? 'old' : 'now'}`;
      await register(first, alice, name, world.weather.url);
      const both = [
        await answerSoon(() => call(first, alice, name), 'sunny'),
        await answerSoon(() => call(second, alice, name), 'sunny'),
      ];
      await read(second, `/api/servers/${name}/disable`, alice, { json: {} });
      const gone = async () => (await call(first, alice, name)) !== 'sunny';
      return [...both, await until(gone)];
    });
    expect(served).toEqual(Array(2).fill(['sunny', 'sunny', true]));
  });

  test('a change of the policy is judged by at both', async () => {
    const before = readFileSync(world.scopesFile, 'utf8');
    const verdicts = async (expected: string) => [
      await answerSoon(() => call(old, agent), expected),
      await answerSoon(() => call(now, agent), expected),
    ];
    writeFileSync(world.scopesFile, 'group_mappings: {}\n');
    const without = await verdicts('not_permitted');
    writeFileSync(world.scopesFile, before);
    expect([without, await verdicts('sunny')]).toEqual([
      ['not_permitted', 'not_permitted'],
      ['sunny', 'sunny'],
    ]);
  });

  test('a changed tool waits at both, until a person approves it at either', async () => {
    const approvals = await bothWays(async (first, second) => {
      world.weather.tools = [first === old ? changedForecast : forecast('The weather of a city.')];
      await read(second, '/api/servers/weather/check', alice, { json: {} });
      const waits = [
        await answerSoon(() => toolChanges(first, alice), ['forecast changed']),
        await answerSoon(() => toolChanges(second, alice), ['forecast changed']),
      ];
      const path = '/api/servers/weather/tools/changes';
      const { tools } = await read<{ tools: { name: string; hash: string }[] }>(first, path, alice);
      const approved = tools.map(({ name, hash }) => ({ name, hash }));
      await read(first, '/api/servers/weather/tools/approve', alice, { json: { tools: approved } });
      return [waits, await answerSoon(() => toolChanges(second, alice), [])];
    });
    expect(approvals).toEqual(Array(2).fill([[['forecast changed'], ['forecast changed']], []]));
  });

  test('when the old one is stopped, everyone goes on at the new one', async () => {
    await old.stop();
    expect([await call(now, alice), await call(now, agent), await known(now, alice)]).toEqual(['sunny', 'sunny', 200]);
  });
});
