import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore as openAuthServer } from '../../../../auth-server/store/store.ts';
import { run as restore } from '../../../../operations/backup/restore/main.ts';
import { definitionOf } from '../../../../registry/servers/definition.ts';
import { openStore as openRegistry } from '../../../../registry/store/store.ts';
import { runCommand } from '../../../support/operations/run-command.ts';

/** The databases that each release has written (tests/upgrade/make-fixtures.ts). */
const fixtures = 'tests/fixtures/releases';
/** When that was, in their words. */
const at = 1_795_000_000;
const sub = (name: string) => `${name}-0000-4000-8000-000000000001`;

let folder: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'releases-'));
  data = join(folder, 'data');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const restored = async (version: string) => {
  const { code, stderr } = await runCommand(restore, [join(fixtures, version)], { env: { UP_DATA_DIR: data } });
  expect([code, stderr]).toEqual([0, '']);
};

describe.each(readdirSync(fixtures))('What release %s has written,', (version) => {
  test('refuses, restored from a backup, what was issued until then, and has its keys', async () => {
    await restored(version);
    const store = await openAuthServer(data);
    try {
      expect(store.revocations.covers(at, { users: ['alice'], clients: [] })).toBe(true);
      expect(await store.keys.list()).toMatchObject([{ kid: 'the-key', signsSince: at }]);
    } finally {
      await store.close();
    }
  });

  test('has its people signed in, opened as it is', async () => {
    cpSync(join(fixtures, version), data, { recursive: true });
    const store = await openAuthServer(data);
    try {
      expect(await store.sessions.find('sid-of-alice')).toMatchObject({
        ...{ sub: sub('alice'), username: 'alice', groups: ['mcp-registry-admin'], provider: 'cognito' },
        ...{ kind: 'browser', refreshToken: 'sealed-of-alice', createdAt: at },
      });
    } finally {
      await store.close();
    }
  });

  test('has its servers with owners and history, and the tools that were approved', async () => {
    await restored(version);
    const store = await openRegistry(join(data, 'registry.db'));
    try {
      expect(
        store
          .list()
          .map(({ name }) => name)
          .sort(),
      ).toEqual(['rain', 'weather']);
      expect(store.get('rain')).toMatchObject({
        ...{ title: 'The rain', upstream: 'http://127.0.0.1:9', tags: ['sky'], license: 'MIT', enabled: true },
        ...{ auth: { secret: 'github' }, owner: { sub: sub('carol'), username: 'carol' }, members: null },
      });
      const changes = await store.changes({ servers: ['gone', 'rain', 'weather'], limit: 9 });
      expect(changes.map(({ action, server, by }) => `${by.username} ${action} ${server}`).sort()).toEqual([
        'alice delete gone',
        'alice first-seen weather',
        'carol register gone',
        'carol register rain',
        'carol register weather',
      ]);
      expect(await store.formerOwner('gone')).toBe(sub('carol'));
      const { hash } = definitionOf({
        ...{ name: 'forecast', description: 'The weather of a city.', inputSchema: { type: 'object' } },
      });
      const { approved } = await store.definitions.of('weather');
      expect([...approved].map(([name, kept]) => [name, kept.hash])).toEqual([['forecast', hash]]);
    } finally {
      await store.close();
    }
  });
});
