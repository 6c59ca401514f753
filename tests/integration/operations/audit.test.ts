import { hash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSigning } from '../../../auth-server/audit/chain/make/signing.ts';
import { eventText } from '../../../auth-server/audit/event.ts';
import type { KnownCaller } from '../../../auth-server/audit/record.ts';
import { type AuditDatabase, openAuditDatabase } from '../../../auth-server/audit/store/database.ts';
import { dayAfter, dayOf, dayRange } from '../../../auth-server/audit/store/days.ts';
import type { Audit } from '../../../auth-server/audit/thread/audit.ts';
import { decisionsQuery } from '../../../common/doors/decisions.ts';
import { run as erase } from '../../../operations/audit/erase.ts';
import { run as verify } from '../../../operations/audit/verify.ts';
import { openAuditHere } from '../../support/auth-server/audit-here.ts';
import { temporaryDirectory } from '../../support/auth-server/auth-fixture.ts';
import { runCommand } from '../../support/operations/run-command.ts';
import { bothDatabases, type Places } from '../../support/postgres/both-databases.ts';

/** Noon of a day that is not too old to be kept. */
const noon = dayRange(dayAfter(Date.now(), -9)).from + 43_200_000;
const day = dayOf(noon);

/** Alice's own laptop names her in every field that can. */
const ofAlice = {
  ...{ subject: 'sub-alice', username: 'alice', shown_name: 'Alice Ashby', address: '192.0.2.7' },
  ...{ client_id: 'client-of-alice', client_name: 'Alice’s laptop', request_id: 'request-of-alice' },
};
const recordOf = (at: number, person: object = ofAlice, more: object = {}) => {
  const asked = { resource: 'mcp', server: 'currenttime', http: 'POST /currenttime/mcp', method: 'tools/call' };
  return JSON.stringify({ at, verdict: 'allow', ...person, ...asked, object: 'look', rule: 'a[0]', ...more });
};
const callerOf = (salt: string): KnownCaller => {
  const text = JSON.stringify({ salt, groups: ['g'], scopes: [] });
  return { digest: hash('sha256', text, 'base64url'), text };
};

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  let where: string;
  let audit: Audit;
  let database: AuditDatabase;
  let home: ReturnType<typeof temporaryDirectory>;
  const env = () => (where.startsWith('postgres') ? { DATABASE_URL: where } : { DATA_DIR: where });
  beforeEach(async () => {
    home = temporaryDirectory();
    where = await places.empty();
    audit = await openAuditHere(where);
    database = await openAuditDatabase(where);
  });
  afterEach(async () => {
    await audit.close();
    await database.close();
    home.remove();
  });
  const written = async (...records: string[]) => {
    for (const each of records) audit.add(each);
    await audit.ask('servers', {});
  };
  const signed = async () => {
    const lines: string[] = [];
    await createSigning(database, { publicUrl: 'http://localhost:8080', headMinutes: 0 }, ({ jws }) =>
      lines.push(`auth-server-1  | ${JSON.stringify({ code: 'audit_statement', jws })}`),
    ).now();
    return lines;
  };
  const file = (name: string, text: string) => {
    writeFileSync(join(home.directory, name), text);
    return join(home.directory, name);
  };
  const verified = (...words: string[]) => runCommand(verify, words, { env: env() });
  const erased = (...words: string[]) => runCommand(erase, words, { env: env() });

  test('audit:verify says what is signed and what is not, in words and as JSON, while the gateway runs', async () => {
    await written(recordOf(noon), recordOf(noon + 1));
    await signed();
    await written(recordOf(noon + 2));
    const { code, stdout } = await verified();
    expect(code).toBe(0);
    expect(stdout).toContain('The audit is whole.');
    expect(stdout).toMatch(/^records +4 records of 1 process$/m);
    expect(stdout).toMatch(/^not yet signed +1 record$/m);
    expect(JSON.parse((await verified('--json')).stdout)).toMatchObject({
      ...{ whole: true, faults: [], records: 4, unsigned: 1, statements: 1 },
      writers: [{ process: expect.stringContaining(`:${process.pid}`), last: 4, signed: 3, finished: false }],
      keys: [{ kty: 'OKP', crv: 'Ed25519', kid: expect.any(String), x: expect.any(String) }],
    });
  });

  test('audit:verify names each fault with its place, and ends with 1', async () => {
    await written(recordOf(noon), recordOf(noon + 1));
    await signed();
    await database.day(day).deleteFrom('decision').where('number', '=', 2).execute();
    const { code, stdout } = await verified();
    expect(code).toBe(1);
    expect(stdout).toContain('The audit is not whole: 1 fault.');
    expect(stdout).toMatch(/^record_removed +\S+:\d+ +2 +\S+ 12:00:00 +Record 2 is missing\.$/m);
    expect(JSON.parse((await verified('--json')).stdout)).toMatchObject({
      whole: false,
      faults: [{ code: 'record_removed', from: 2, to: 2, at: `${day}T12:00:00.001Z` }],
    });
  });

  test('with statements and a key that were kept elsewhere, audit:verify finds what was signed again', async () => {
    await written(recordOf(noon));
    const log = file('log', (await signed()).join('\n'));
    const key = file('key', JSON.stringify(JSON.parse((await verified('--json')).stdout)));
    expect(await verified('--heads', log, '--key', key)).toMatchObject({ code: 0 });
    // An operator who begins all over.
    for (const table of ['audit_statement', 'audit_key'] as const) await database.main.deleteFrom(table).execute();
    await database.main.updateTable('audit_writer').set({ signed: 0 }).execute();
    await database.day(day).deleteFrom('decision').where('number', '=', 2).execute();
    await signed();
    expect(await verified()).toMatchObject({ code: 0 });
    const { code, stdout } = await verified('--heads', log);
    expect([code, stdout.match(/^\w+_\w+/gm)]).toEqual([1, ['statement_unsigned']]);
    const strict = await verified('--heads', log, '--key', key);
    expect(strict.stdout.match(/^\w+_\w+/gm)).toEqual(['statement_unsigned', 'record_removed']);
  });

  test('audit:erase removes all that says who a person was, and the audit stays whole', async () => {
    const [alice, bob] = [callerOf('of alice'), callerOf('of bob')];
    audit.add(recordOf(noon, ofAlice, { caller: alice.digest, object: 'file:///home/alice' }), alice);
    audit.add(recordOf(noon + 1, { subject: 'sub-bob', username: 'bob' }, { caller: bob.digest }), bob);
    const admin = { subject: 'sub-admin', username: 'admin' };
    await written(
      ...Array.from({ length: 5 }, (_, i) =>
        recordOf(noon + 90_000_000 + i, ofAlice, { definition: 'd', caller: alice.digest }),
      ),
      recordOf(noon + 2, ofAlice, {
        resource: 'registry',
        http: 'POST /api/of-alice',
        verdict: 'deny',
        message: 'No, Alice.',
      }),
      eventText(
        'access/end',
        admin,
        { about: 'sub-alice', about_name: 'alice', detail: 'all sessions', count: 2 },
        noon,
      ),
      eventText('audit/read', admin, { detail: 'person=ALICE' }, noon),
      eventText('audit/read', admin, { detail: 'server=bob' }, noon),
    );
    const lines = await signed();
    const { stdout, code } = await erased('--person', 'alice', '--yes');
    expect([code, stdout]).toEqual([
      0,
      'sub-alice (Alice Ashby, alice): 7 records. This cannot be undone.\nErased from 9 records.\n',
    ]);

    const { decisions } = await audit.ask('page', { query: decisionsQuery.parse({}), visible: { servers: 'all' } });
    expect(JSON.stringify(decisions)).not.toMatch(/alice|192\.0\.2\.7/i);
    const left = decisions.filter(({ subject }) => subject === 'erased');
    expect(left.map(({ object }) => object)).toEqual([...Array(5).fill('look'), undefined, undefined]);
    expect(left[5]).toMatchObject({ http: 'POST /api', verdict: 'deny' });
    expect(decisions).toContainEqual(expect.objectContaining({ username: 'bob', groups: ['g'] }));
    expect(decisions).toContainEqual(expect.objectContaining({ method: 'access/end', about: 'erased', count: 2 }));
    expect(decisions).toContainEqual(
      expect.objectContaining({ method: 'audit/erase', count: 9, auth_method: 'command' }),
    );
    const rows = await database.main.selectFrom('audit_name').selectAll().execute();
    expect(JSON.stringify(rows)).not.toMatch(/alice/i);
    const kept = await database.main.selectFrom('audit_caller').select('digest').execute();
    expect(kept).toEqual([{ digest: bob.digest }]);

    const ofErased = { query: decisionsQuery.parse({ person: 'erased' }), visible: { servers: 'all' as const } };
    expect((await audit.ask('page', ofErased)).decisions).toHaveLength(7);
    const seen = await database.day(day).selectFrom('decision_seen').selectAll().execute();
    expect(JSON.stringify(seen)).not.toMatch(/alice/i);

    // New records with what the running gateway still knows of her are no fault.
    await written(recordOf(noon + 9, ofAlice, { caller: alice.digest }));
    const result = await verified('--heads', file('log', lines.join('\n')), '--json');
    expect(JSON.parse(result.stdout)).toMatchObject({ faults: [], erased: 9, kept: 1 });
    await database.day(day).updateTable('decision').set({ verdict: 'deny' }).where('number', '=', 2).execute();
    expect(await verified()).toMatchObject({ code: 1, stdout: expect.stringContaining('record_changed') });
  });

  test('audit:erase asks, and takes only one person', async () => {
    await written(recordOf(noon), recordOf(noon + 1, { subject: 'sub-2', username: 'alice' }));
    expect(await erased('--person', 'sub-alice')).toMatchObject({ code: 1, stderr: 'Nothing was erased.\n' });
    const both = await erased('--person', 'alice', '--yes');
    expect([both.code, both.stderr]).toEqual([
      1,
      'Several people are called alice. Give the subject:\n  sub-2 (alice): 1 record\n  sub-alice (Alice Ashby, alice): 1 record\n',
    ]);
    expect(await erased('--person', 'carol', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^No record/),
    });
    expect(await erased('--yes')).toMatchObject({ code: 2 });
  });
});

test('what was erased is in no file of SQLite any more', async () => {
  const home = temporaryDirectory();
  const audit = await openAuditHere(home.directory);
  try {
    audit.add(recordOf(noon), callerOf('secret-salt'));
    await audit.ask('servers', {});
    const disk = () =>
      readdirSync(home.directory)
        .map((name) => readFileSync(join(home.directory, name), 'latin1'))
        .join();
    expect(disk()).toMatch(/Ashby/);
    const env = { DATA_DIR: home.directory };
    expect(await runCommand(erase, ['--person', 'sub-alice', '--yes'], { env })).toMatchObject({ code: 0 });
    expect(disk().match(/Ashby|sub-alice|192\.0\.2\.7/g)).toBeNull();
  } finally {
    await audit.close();
    home.remove();
  }
});

test('where there is no audit, both commands say so', async () => {
  const home = temporaryDirectory();
  for (const [run, words] of [
    [verify, []],
    [erase, ['--person', 'alice']],
  ] as const)
    expect(await runCommand(run, words, { env: { DATA_DIR: home.directory } })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^There is no audit\.db in/),
    });
  home.remove();
});
