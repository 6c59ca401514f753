import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptVersion, PolicyVersionStore } from '../../../../auth-server/store/policy/version.ts';
import { watchVersions } from '../../../../auth-server/versions/source.ts';
import { policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { until } from '../../../support/listen.ts';
import { editablePolicy } from '../../../support/policy/versions-fixture.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

const home = temporaryDirectory();
afterAll(() => home.remove());
const file = join(home.directory, 'scopes.yml');

/** Versions in memory. */
function versionsOf(...texts: string[]) {
  const kept: KeptVersion[] = texts.map((text, i) => ({
    ...{ number: i + 1, version: policyVersion(text), parent: i || null, at: new Date(0).toISOString() },
    ...{ by: { sub: 's', name: 'n' }, why: 'w', source: 'page', text },
  }));
  const state = { away: false };
  const answering = <T>(value: T) => (state.away ? Promise.reject(new Error('away')) : Promise.resolve(value));
  const versions = {
    newest: () => answering(kept.at(-1)),
    get: (number: number) => answering(kept.find((each) => each.number === number)),
    add: async (added: Omit<KeptVersion, 'number' | 'at'>) => {
      const version = { ...added, number: kept.length + 1, at: new Date(0).toISOString() };
      kept.push(version);
      return version;
    },
    knowFile: async () => undefined,
  } as unknown as PolicyVersionStore;
  return {
    versions,
    kept,
    state,
    add: (text: string) => kept.push(...versionsOf(...kept.map((k) => k.text), text).kept.slice(-1)),
  };
}

const unreadable = `${editablePolicy()}later:\n  - { server: a, methods: [ping], unheard: of }\n`;

test.each<[string, string, RegExp]>([
  ['that is broken', 'a: [', /SCOPES_FILE .*line 1/],
  ['that lets no group edit the policy', editablePolicy().replaceAll('edit_policy', 'view_people'), /no group/],
])('A policy file %s does not become the first version: the process does not start', async (_what, text, message) => {
  writeFileSync(file, text);
  const { versions, kept } = versionsOf();
  await expect(watchVersions(versions, file, recordingLog().log)).rejects.toThrow(message);
  expect(kept).toEqual([]);
});

test('A process that cannot use the version in force does not start, and says which version and why', async () => {
  const { versions } = versionsOf(editablePolicy(), unreadable);
  await expect(watchVersions(versions, file, recordingLog().log)).rejects.toThrow(
    /version 2 of the policy: .*unheard/s,
  );
});

describe('A process that runs', () => {
  test('keeps the last good version if it cannot use the newest, which other services get all the same', async () => {
    const { versions, add } = versionsOf(editablePolicy());
    const { log, lines } = recordingLog();
    const watch = await watchVersions(versions, file, log, 10);
    add(unreadable);
    expect(await until(() => watch.faults().length > 0)).toBe(true);
    expect([watch.text(), watch.number()]).toEqual([editablePolicy(), 1]);
    expect(watch.faults()[0]).toMatch(/version 2 of the policy: .*unheard/s);
    expect(watch.newest()).toMatchObject({ number: 2, text: unreadable });
    expect(lines.some((line) => line.includes('the last good one stays in force'))).toBe(true);
    add(editablePolicy('convert'));
    expect(await until(() => watch.number() === 3)).toBe(true);
    expect(watch.faults()).toEqual([]);
    watch.stop();
  });

  test('keeps the last version while its store does not answer', async () => {
    const { versions, state, add } = versionsOf(editablePolicy());
    const { log, lines } = recordingLog();
    const watch = await watchVersions(versions, file, log, 10);
    state.away = true;
    add(editablePolicy('convert'));
    expect(await until(() => lines.some((line) => line.includes('cannot be read; the last one stays')))).toBe(true);
    await expect(watch.refresh()).rejects.toThrow('away');
    expect([watch.text(), watch.number()]).toEqual([editablePolicy(), 1]);
    state.away = false;
    expect(await until(() => watch.number() === 2)).toBe(true);
    watch.stop();
  });

  test('gives other services nothing once its store has not answered for a while: another process may have taken rights away', async () => {
    const { versions, state } = versionsOf(editablePolicy());
    const watch = await watchVersions(versions, file, recordingLog().log, 10, 100);
    expect(await until(() => watch.newest()?.number === 1)).toBe(true);
    state.away = true;
    expect(await until(() => watch.newest() === undefined)).toBe(true);
    expect(watch.text()).toBe(editablePolicy());
    state.away = false;
    expect(await until(() => watch.newest()?.number === 1)).toBe(true);
    watch.stop();
  });

  test('tells its listeners of a version once its number is in force', async () => {
    const { versions, add } = versionsOf(editablePolicy());
    const watch = await watchVersions(versions, file, recordingLog().log, 10);
    const heard: [number, string][] = [];
    watch.onChange(() => heard.push([watch.number(), watch.text()]));
    add(editablePolicy('convert'));
    await watch.refresh();
    expect(heard).toEqual([[2, editablePolicy('convert')]]);
    watch.stop();
  });
});
