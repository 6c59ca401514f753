import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPolicy, policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { watchPolicy } from '../../../../common/policy/policy-watch.ts';
import { ConfigError } from '../../../../common/text/config-error.ts';
import { mayUseUi } from '../../../../policy/ui.ts';
import { until } from '../../../support/listen.ts';
import { policyText, recordingLog } from '../../../support/registry/registry-fixture.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policy-'));
  file = join(folder, 'scopes.yml');
});
afterEach(() => rm(folder, { recursive: true }));

/** Puts a whole file in its place: who watches it must not read half of it. */
async function replace(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

test.each([
  ['is missing', undefined],
  ['is empty', ''],
  ['is broken', 'group_mappings: ['],
])('A service does not start when the policy file %s, and names the file', async (_what, text) => {
  if (text !== undefined) await writeFile(file, text);
  const start = () => watchPolicy(file, recordingLog().log);
  expect(start).toThrow(ConfigError);
  expect(start).toThrow(`SCOPES_FILE ${file}`);
});

test('A service that starts with rules for a server whose name is reserved says where they are, and the command to run', async () => {
  await writeFile(
    file,
    'UI-Scopes:\n  s: {list_service: [mcp, all]}\ns:\n- {server: "m*", methods: [ping]}\n- {server: a__b, methods: [ping]}\n- {server: hub, methods: [tools/list]}\n',
  );
  const { log, lines } = recordingLog();
  watchPolicy(file, log).stop();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: 'warn',
      names: [
        's[1]: a__b; rename it: npm run -s servers:rename -- a__b a_b',
        'UI-Scopes.s.list_service: mcp; rename it: npm run -s servers:rename -- mcp my-mcp',
      ],
    }),
  ]);
});

test('A changed file is read again; a broken one leaves the last good policy in force and is reported', async () => {
  await writeFile(file, policyText);
  const { log, lines } = recordingLog();
  const policy = watchPolicy(file, log, 10);
  const sees = (server: string) => mayUseUi(policy.current(), ['mcp-registry-user'], 'list_service', server);
  try {
    expect([sees('currenttime'), sees('fininfo')]).toEqual([true, false]);
    await replace(policyText.replace('[currenttime]', '[fininfo]'));
    expect(await until(() => sees('fininfo'))).toBe(true);
    expect(sees('currenttime')).toBe(false);

    await replace('group_mappings: [');
    expect(await until(() => lines.some((line) => line.includes('the last good one stays')))).toBe(true);
    expect([sees('currenttime'), sees('fininfo')]).toEqual([false, true]);

    await replace(policyText);
    expect(await until(() => sees('currenttime'))).toBe(true);
  } finally {
    policy.stop();
  }
});

describe('A policy file of 2,000 rules, which is read on a separate thread,', () => {
  const rules = Array.from(
    { length: 2_000 },
    (_, i) => `  - server: s${i}\n    methods: [tools/call]\n    tools: [t${i}]\n`,
  );
  const long = (server: string) => `${policyText.replace('[currenttime]', `[${server}]`)}\nlong:\n${rules.join('')}`;
  let policy: ReturnType<typeof watchPolicy>;
  let lines: string[];
  const sees = (server: string) => mayUseUi(policy.current(), ['mcp-registry-user'], 'list_service', server);
  beforeEach(async () => {
    await writeFile(file, policyText);
    const recording = recordingLog();
    lines = recording.lines;
    policy = watchPolicy(file, recording.log, 10);
  });
  afterEach(() => policy.stop());

  test('comes into force like any other, with its version', async () => {
    const changed: string[] = [];
    policy.onChange(() => changed.push(policy.version()));
    await replace(long('fininfo'));
    expect(await until(() => sees('fininfo'))).toBe(true);
    expect(sees('currenttime')).toBe(false);
    expect(policy.current().scopes.get('long')?.exact('s1999')?.methods.has('tools/call')).toBe(true);
    expect(changed).toEqual([policyVersion(long('fininfo'))]);
    expect(policy.history()).toMatchObject({ reloads: 1, failed: 0 });
  });

  test('with a fault leaves the last good one in force, and the fault is reported with its line', async () => {
    await replace(long('fininfo').replace('tools: [t1999]', 'tools: [t*t]'));
    expect(await until(() => policy.faults().length > 0)).toBe(true);
    expect(policy.faults()).toEqual([expect.stringMatching(/scopes\.yml: line \d{4}: long\[1999\]\.tools.*one \*/)]);
    expect([sees('currenttime'), sees('fininfo')]).toEqual([true, false]);
    expect(lines.some((line) => line.includes('the last good one stays'))).toBe(true);
  });

  test('does not come into force after a short one that has replaced it meanwhile', async () => {
    policy.stop();
    const origin = { about: () => ({}), taken: 'taken', refused: 'refused', faultsOf: () => [] };
    const kept = keepPolicy(policyText, origin, recordingLog().log);
    const short = policyText.replace('[currenttime]', '[fininfo]');
    const overtaken = kept.take(long('currenttime'));
    await kept.take(short);
    await overtaken;
    expect([kept.text(), kept.history()]).toEqual([short, expect.objectContaining({ reloads: 1, failed: 0 })]);
    kept.stop();
  });
});

test('A policy in a ConfigMap is read again when kubelet swaps the folder link and deletes the old folder', async () => {
  // As kubelet does it: scopes.yml -> ..data/scopes.yml, ..data -> a timestamped folder, and ..data is replaced atomically.
  const bring = async (version: string, text: string) => {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'scopes.yml'), text);
    await symlink(version, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await bring('..2026_11_23_1', policyText);
  await symlink(join('..data', 'scopes.yml'), file);
  const { log, lines } = recordingLog();
  const policy = watchPolicy(file, log, 10);
  const sees = (server: string) => mayUseUi(policy.current(), ['mcp-registry-user'], 'list_service', server);
  try {
    expect([sees('currenttime'), sees('fininfo')]).toEqual([true, false]);
    await bring('..2026_11_23_2', policyText.replace('[currenttime]', '[fininfo]'));
    await rm(join(folder, '..2026_11_23_1'), { recursive: true });
    expect(await until(() => sees('fininfo'))).toBe(true);
    expect(sees('currenttime')).toBe(false);

    await bring('..2026_11_23_3', 'group_mappings: [');
    await rm(join(folder, '..2026_11_23_2'), { recursive: true });
    expect(await until(() => lines.some((line) => line.includes('the last good one stays')))).toBe(true);
    expect(sees('fininfo')).toBe(true);

    await bring('..2026_11_23_4', policyText);
    await rm(join(folder, '..2026_11_23_3'), { recursive: true });
    expect(await until(() => sees('currenttime'))).toBe(true);
    expect(policy.faults()).toEqual([]);
  } finally {
    policy.stop();
  }
});
