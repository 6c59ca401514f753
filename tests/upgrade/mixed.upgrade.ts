import { join } from 'node:path';
import { answerSoon, until } from '../support/listen.ts';
import { type Caller, call, known, openSession, rpcTo } from './calls.ts';
import { type ReleasedGateway, startReleased } from './gateway.ts';
import { type Release, releases, thisVersion } from './release.ts';
import { forecast, makeWorld, type World } from './world.ts';

/** alice may use everything, bob one tool of two. In words that each release knows. */
const policy = `
UI-Scopes:
  mcp-registry-admin: { list_service: [all] }
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, everything]
  mcp-registry-user: [one-tool]
everything:
  - { server: "*", methods: ["*"], tools: ["*"] }
one-tool:
  - { server: weather, methods: [initialize, tools/list, tools/call], tools: [forecast] }
`;
const alarm = { ...forecast('Sounds the alarm.'), name: 'alarm' };
const last = releases.at(-1) as Release;
const others = (of: Release, ...names: string[]) => Object.fromEntries(names.map((name) => [name, of]));

/** Which part stayed behind: what runs as its neighbours, and what the health says, if the auth-server can tell. */
const cases: [part: string, base: Release, of: Record<string, Release>, says: string | undefined][] = [
  ['relay', thisVersion, others(last, 'relay'), 'another one: relay; the log of the auth-server names it'],
  ['registry', thisVersion, others(last, 'registry'), 'another one: registry; the log of the auth-server names it'],
  ['auth-server', thisVersion, others(last, 'auth-server'), undefined],
  // An nginx of a release that did not name its version is as one of the operator's own.
  ['nginx', last, others(thisVersion, 'auth-server', 'registry', 'relay'), 'the same'],
];

describe.each(cases)(`With a %s of release ${last.version} among parts of this version,`, (_part, base, of, says) => {
  let world: World;
  let gateway: ReleasedGateway;
  let alice: Caller;
  let bob: Caller;
  beforeAll(async () => {
    world = await makeWorld(policy);
    world.weather.tools = [forecast('The weather of a city.'), alarm];
    gateway = await startReleased(base, world, { dataDir: join(world.folder, 'data'), of });
    world.leadTo(gateway.port);
    [alice, bob] = [{ cookie: await world.signIn('alice') }, { cookie: await world.signIn('bob') }];
    await until(async () => (await call(gateway, alice)) === 'sunny');
  });
  afterAll(async () => {
    await gateway?.stop();
    await world?.stop();
  });

  test('callers get what they may use, and nothing else', async () => {
    const list = await rpcTo(gateway, 'weather', bob, 'tools/list', {});
    const alarmed = await rpcTo(gateway, 'weather', bob, 'tools/call', { name: 'alarm', arguments: {} });
    const session = await openSession(gateway, alice);
    const stolen = { ...session, ...bob };
    expect({
      stranger: await call(gateway, {}),
      allowed: [await call(gateway, alice), await call(gateway, bob)],
      listed: [list.body.includes('forecast'), list.body.includes('alarm')],
      refused: alarmed.body.includes('sunny'),
      stolen: await call(gateway, stolen),
    }).toEqual({
      stranger: 'credentials_missing',
      allowed: ['sunny', 'sunny'],
      listed: [true, false],
      refused: false,
      stolen: 'session_unknown',
    });
  });

  test('a revocation ends access', async () => {
    expect((await gateway.command('revoke', '--user', 'bob')).code).toBe(0);
    expect(await answerSoon(() => known(gateway, bob), 401)).toBe(401);
    expect(await call(gateway, bob)).not.toBe('sunny');
  });

  test('the health says it, if the auth-server can tell, and its log names the versions', async () => {
    const { versions } = JSON.parse((await gateway.ask('/health')).body) as { versions?: string };
    const isLogged = gateway.log.some((line) => line.includes('"version_mismatch"') && line.includes('"unknown"'));
    expect([versions, isLogged]).toEqual([says, says?.startsWith('another') ?? false]);
  });
});
