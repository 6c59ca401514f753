import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nowInSeconds } from '../../common/time/now.ts';
import { run as restore } from '../../operations/backup/restore/main.ts';
import { answerSoon, until } from '../support/listen.ts';
import { runCommand } from '../support/operations/run-command.ts';
import { newDatabase } from '../support/postgres/databases.ts';
import { call, known, read } from './calls.ts';
import { audited, changedForecast, everything, found, type Made, makeData, toolChanges } from './data.ts';
import { type ReleasedGateway, startReleased } from './gateway.ts';
import { codeOf, releases, thisVersion } from './release.ts';
import { makeWorld, type World } from './world.ts';

const kinds = ['SQLite', 'PostgreSQL'] as const;
const cases = releases.flatMap((release) => kinds.map((kind) => [release.version, kind, release] as const));

describe.each(cases)('Data of release %s in %s, made by its own processes,', (version, kind, release) => {
  let world: World;
  let made: Made;
  let now: ReleasedGateway;
  let data: string;
  let copy: string;
  let settings: Record<string, string> = {};
  const start = async (of = thisVersion, dataDir = data, given = settings) => {
    const gateway = await startReleased(of, world, { dataDir, settings: given });
    world.leadTo(gateway.port);
    return gateway;
  };

  beforeAll(async () => {
    world = await makeWorld(readFileSync(join(codeOf(release), 'scopes.yml'), 'utf8'));
    [data, copy] = [join(world.folder, 'data'), join(world.folder, 'copy')];
    if (kind === 'PostgreSQL') settings = { DATABASE_URL: await newDatabase() };
    const old = await start(release);
    try {
      made = await makeData(old, world);
      if (kind === 'SQLite') expect(await old.command('backup', copy)).toMatchObject({ code: 0 });
      else execFileSync('pg_dump', ['-f', copy, settings.DATABASE_URL ?? '']);
    } finally {
      await old.stop();
    }
    now = await start();
  });
  afterAll(async () => {
    await now?.stop();
    await world?.stop();
  });

  test('was complete before: all called but the one without a right, and one was revoked', () => {
    expect([made.calls, made.bobBeforeAndAfter]).toEqual([
      ['sunny', 'sunny', 'not_permitted'],
      [200, 401],
    ]);
  });

  test('is all there afterwards: sessions, revocations, MCP sessions, servers, routes and their history', async () => {
    expect(await found(now, world, made)).toEqual(everything(made));
  });

  test('has its keys: MCP servers go on trusting assertions', async () => {
    const { keys } = await read<{ keys: { kid: string }[] }>(now, '/.well-known/jwks.json', {});
    expect(keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining(made.kids));
  });

  test('has its audit, as soon as it was taken over', async () => {
    const expected = [
      ['alice', 'allow', 'weather', 'forecast'],
      ['bob', 'deny', 'weather', 'forecast'],
    ];
    const ofBefore = async () =>
      (await audited(now, made.alice)).filter(({ at }) => at < now.startedAt).map(({ row }) => row);
    await answerSoon(async () => (await ofBefore()).length > 0, true);
    expect(await ofBefore()).toEqual(expect.arrayContaining(expected));
  });

  test('gives servers to those who registered them', async () => {
    const owners = async (name: string) =>
      (await read<{ owner: string | null }>(now, `/api/servers/${name}`, made.alice)).owner;
    expect([await owners('rain'), await owners('weather')]).toEqual(['carol', null]);
  });

  test('has its approved tools: a tool that changes afterwards is flagged, not approved', async () => {
    expect(await toolChanges(now, made.alice)).toEqual([]);
    world.weather.tools = [changedForecast];
    await read(now, '/api/servers/weather/check', made.alice, { json: {} });
    expect(await answerSoon(() => toolChanges(now, made.alice), ['forecast changed'])).toEqual(['forecast changed']);
  });

  test('has the access of MCP clients that logged in by themselves, if the release knew such', async () => {
    expect(made.client === undefined).toBe(version === '0.1.0');
    if (!made.client) return;
    const tokens = await made.client.refreshed();
    const token = { authorization: `Bearer ${tokens.access_token}` };
    expect([await call(now, made.client.token), await call(now, token)]).toEqual(['sunny', 'sunny']);
  });

  test('cannot be opened by that release any more, which says so, and nothing is lost by the attempt', async () => {
    await now.stop();
    await expect(startReleased(release, world, { dataDir: data, settings })).rejects.toThrow(
      /previously executed migration .* is missing/,
    );
    now = await start();
    expect(await found(now, world, made)).toEqual(everything(made));
  });

  test('comes back from a backup that the release made', async () => {
    await now.stop();
    const folder = join(world.folder, 'restored');
    const DATABASE_URL = kind === 'PostgreSQL' ? await newDatabase() : '';
    if (DATABASE_URL) {
      execFileSync('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', copy, DATABASE_URL]);
      now = await start(thisVersion, folder, { DATABASE_URL });
      await now.command('revoke', '--all');
      // What is issued in the same second is revoked too.
      const second = nowInSeconds();
      await until(async () => nowInSeconds() > second);
    } else {
      const { code, stdout } = await runCommand(restore, [copy], { env: { UP_DATA_DIR: folder } });
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining('All sessions and the access of all clients have ended'),
      ]);
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(['auth-server.db', 'registry.db']));
      now = await start(thisVersion, folder);
    }
    expect(await answerSoon(() => known(now, made.alice), 401)).toBe(401);
    const alice = { cookie: await world.signIn('alice') };
    expect(await found(now, world, { ...made, alice })).toMatchObject({
      ...{ people: [200, 401, 401], revoked: [401, expect.any(String)], agent: 'access_revoked' },
      ...{ servers: ['rain', 'weather'], title: made.title, routes: ['sunny', 'sunny'] },
    });
  });
});
