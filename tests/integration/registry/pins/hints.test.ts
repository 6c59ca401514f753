import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Database } from '../../../../common/database/database.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { type ApprovedDefinitions, createApprovedDefinitions } from '../../../../registry/pins/approved-definitions.ts';
import { keepApprovedTools } from '../../../../registry/pins/approved-file.ts';
import { toObservedTools } from '../../../../registry/servers/tool.ts';
import { renameServer } from '../../../../registry/store/rename.ts';
import { parseServers } from '../../../../registry/store/servers-file.ts';
import { openStore, type RegistryStore } from '../../../../registry/store/store.ts';
import { changes } from '../../../../registry/store/tables/migrations.ts';
import type { Schema } from '../../../../registry/store/tables/schema.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { linesUntilKilled } from '../../../support/process.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

/** The last change before approvals said whether a person made them. */
const released = '013-access-requests';
const alice = { sub: 'a11ce', username: 'alice' };
const [server] = parseServers(
  '[{name: weather, title: W, description: W, upstream: http://127.0.0.1:1, transports: {sse: /sse}}]',
);
const reads = (description: string, annotations: object = { readOnlyHint: true }) => {
  return { name: 'forecast', description, annotations };
};

describe.each<[string, Places]>(bothDatabases('registry.db'))('%s:', (_kind, places) => {
  let where: string;
  let raw: Database<Schema>;
  let store: RegistryStore;
  let definitions: ApprovedDefinitions;
  const asked: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'hints-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    where = await places.fresh();
    raw = where.startsWith('postgres') ? openPostgres(where, () => undefined) : openSqlite(where);
    store = await openStore(where);
    await store.change({ name: 'weather', revision: undefined, next: server, action: 'register', by: alice });
    definitions = await createApprovedDefinitions(store.definitions, recordingLog().log);
    asked.length = 0;
  });
  afterEach(async () => {
    await store.close();
    await raw.close();
  });
  const show = (...tools: object[]) => definitions.observe('weather', toObservedTools(tools as never));
  const hashOf = async () => {
    const { approved, pending } = await definitions.of('weather');
    return (pending.get('forecast') ?? approved.get('forecast'))?.hash ?? '';
  };
  const allowAll = (tools: readonly string[]) => void asked.push(...tools);
  const approve = async (hints: ((tools: readonly string[]) => void) | undefined = allowAll) =>
    definitions.approve('weather', [{ name: 'forecast', hash: await hashOf() }], alice, hints);
  /** What auth-server and relay read. */
  const counted = async (name = 'weather') => {
    const path = join(folder, 'approved-tools.json');
    const file = await keepApprovedTools(definitions, path, recordingLog().log);
    file.stop();
    const { servers, readOnly } = JSON.parse(readFileSync(path, 'utf8'));
    return { callable: servers[name] as string[], readOnly: readOnly[name] as string[] };
  };

  test('what a server shows first is approved, but no hint of it counts before a person approves it', async () => {
    await show(reads('Tells.'));
    expect(await counted()).toEqual({ callable: ['forecast'], readOnly: [] });
    await approve();
    expect([await counted(), asked]).toEqual([{ callable: ['forecast'], readOnly: ['forecast'] }, ['forecast']]);
    const [entry] = await store.changes({ servers: ['weather'], limit: 1 });
    expect(entry).toMatchObject({
      action: 'approve',
      fields: { 'tool forecast': { from: 'first seen', to: 'alice' } },
    });
  });

  test('a tool that changes is out of the hint rules at once, and back in once a person has approved it', async () => {
    await show(reads('Tells.'));
    await approve();
    await show(reads('Tells more.'));
    expect(await counted()).toEqual({ callable: [], readOnly: [] });
    asked.length = 0;
    await approve();
    expect(await counted()).toEqual({ callable: ['forecast'], readOnly: ['forecast'] });
    // Its hint counted before it changed, so this gives no one more than they had.
    expect(asked).toEqual([]);
  });

  test.each<[string, object, string[]]>([
    ['a tool that says now that it only reads', { readOnlyHint: true }, ['forecast']],
    ['a tool that says that it destroys too', { readOnlyHint: true, destructiveHint: true }, []],
    ['a tool whose hint is no truth value', { readOnlyHint: 'true' }, []],
    ['a tool without hints', {}, []],
  ])('the approval of %s is asked for with the hints that count from then on', async (_what, annotations, tools) => {
    await show(reads('Tells.', {}));
    await approve();
    await show(reads('Tells.', annotations));
    await approve();
    expect([asked, (await counted()).readOnly]).toEqual([tools, tools]);
  });

  test('an approval that is refused for its hints changes nothing', async () => {
    await show(reads('Tells.', {}));
    await show(reads('Tells.'));
    const refuse = () => {
      throw new Error('not with these hints');
    };
    await expect(approve(refuse)).rejects.toThrow('not with these hints');
    expect(await counted()).toEqual({ callable: [], readOnly: [] });
  });

  test('an approval by an agent lets the tool be called, and its hint count for nothing', async () => {
    await show(reads('Tells.'));
    await approve();
    await show(reads('Tells more.'));
    await definitions.approve('weather', [{ name: 'forecast', hash: await hashOf() }], alice);
    expect(await counted()).toEqual({ callable: ['forecast'], readOnly: [] });
    await approve();
    expect((await counted()).readOnly).toEqual(['forecast']);
  });

  test('a server takes its hints along to a new name, and loses them when it is deleted', async () => {
    await show(reads('Tells.'));
    await approve();
    await renameServer(raw, { from: 'weather', to: 'sky' }, alice);
    await definitions.follow();
    expect((await counted('sky')).readOnly).toEqual(['forecast']);
    await store.refresh();
    const { revision } = store.get('sky') ?? {};
    await store.change({ name: 'sky', revision, next: undefined, action: 'delete', by: alice });
    await definitions.follow();
    expect((await counted('sky')).readOnly).toBeUndefined();
  });

  test('another registry over the same database sees an approval by a person', async () => {
    await show(reads('Forecasts'));
    const other = await openStore(where);
    const seenThere = async () => [...((await other.definitions.hashes()).get('weather')?.readOnly ?? [])];
    expect(await seenThere()).toEqual([]);
    await approve();
    expect(await seenThere()).toEqual(['forecast']);
    await other.close();
  });

  test('an approval by a person that was confirmed survives the death of its registry, and one by a check never becomes one', async () => {
    const confirmed = await linesUntilKilled(`
      const { openStore } = await import(${JSON.stringify(resolve('registry/store/store.ts'))});
      const store = await openStore(${JSON.stringify(where)});
      const parts = { annotations: { readOnlyHint: true } };
      for (let i = 0; ; i++) {
        const byPerson = i % 2 === 0;
        const name = (byPerson ? 'person-' : 'check-') + i;
        const by = { sub: 'a11ce', username: byPerson ? 'alice' : 'first seen' };
        const note = { action: byPerson ? 'approve' : 'first-seen', by, fields: {} };
        const approve = [{ name, hash: name, parts }];
        await store.definitions.change('weather', new Date(), () => ({ ...(i === 0 && { firstSeenAt: new Date() }), approve, byPerson, note }));
        console.log(name);
      }`);
    const kept = [...((await store.definitions.hashes()).get('weather')?.readOnly ?? [])];
    expect(kept).toEqual(expect.arrayContaining(confirmed.filter((name) => name.startsWith('person-'))));
    expect(kept.filter((name) => !name.startsWith('person-'))).toEqual([]);
  });

  test('of approvals of the last release, those of first sight count as not by a person', async () => {
    const place = await places.fresh();
    const old: Database<Schema> = place.startsWith('postgres')
      ? openPostgres(place, () => undefined)
      : openSqlite(place);
    await migrate(old, changes, 'registry', released);
    const at = '2026-11-23T10:00:00.000Z';
    const pin = (name: string, by_name: string, annotations: object | null) => {
      const parts = annotations && JSON.stringify({ annotations });
      return { server: 'old', name, hash: name, at, by_name, headers: null, parts };
    };
    const pins = [
      pin('seen', 'first seen', { readOnlyHint: true }),
      pin('approved', 'alice', { readOnlyHint: true }),
      pin('writes', 'alice', { readOnlyHint: false }),
      pin('destroys', 'alice', { readOnlyHint: true, destructiveHint: true }),
      pin('large', 'alice', null),
      pin('nameless', '', { readOnlyHint: true }),
    ];
    await old.db.insertInto('tool_baseline').values({ server: 'old', at }).execute();
    for (const each of pins)
      await old.db
        .insertInto('tool_pin')
        .values(each as never)
        .execute();
    const upgraded = await openStore(place);
    const hashes = await upgraded.definitions.hashes();
    // A replica of the last release that still runs: what it approves is not known to be by a person.
    await old.db
      .insertInto('tool_pin')
      .values(pin('later', 'alice', { readOnlyHint: true }) as never)
      .execute();
    const later = await upgraded.definitions.hashes();
    await upgraded.close();
    await old.close();
    expect([...(hashes.get('old')?.readOnly ?? [])]).toEqual(['approved']);
    expect([...(later.get('old')?.readOnly ?? [])]).toEqual(['approved']);
  });
});
