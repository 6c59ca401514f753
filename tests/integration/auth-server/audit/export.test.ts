import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ExportQuestion } from '../../../../auth-server/audit/export/questions.ts';
import type { AuditRecord } from '../../../../auth-server/audit/record.ts';
import type { Audit } from '../../../../auth-server/audit/thread/audit.ts';
import type { Decision } from '../../../../common/doors/decisions.ts';
import { run } from '../../../../operations/audit/export.ts';
import { openAuditHere } from '../../../support/auth-server/audit-here.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

const recordText = (record: AuditRecord) => JSON.stringify(record);
const day = 86_400_000;
const noon = Date.parse('2026-11-27T12:00:00Z');
const recordOf = (object: string, at: number, differs: object = {}) =>
  recordText({
    ...{ at, verdict: 'allow', subject: 's-alice', username: 'alice', resource: 'mcp', server: 'notes' },
    ...{ http: 'POST /notes/mcp', method: 'tools/call', object, ...differs },
  });

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  let where: string;
  let audit: Audit;
  beforeEach(async () => {
    where = await places.empty();
    audit = await openAuditHere(where);
  });
  afterEach(() => audit.close());

  /** All objects of an export, by page. */
  const pages = async (question: Partial<ExportQuestion> = {}) => {
    const found: Decision[][] = [];
    for (let after: string | undefined, next: string | null = 'x'; next !== null; after = next ?? undefined) {
      const asked = { query: { until: '2026-11-30T00:00:00Z' }, visible: { servers: 'all' }, ...question } as const;
      const page = await audit.ask('exportPage', { ...asked, after });
      found.push([...page.decisions]);
      next = page.next;
    }
    return found;
  };
  const objects = async (question?: Partial<ExportQuestion>) =>
    (await pages(question)).flat().flatMap(({ object }) => object ?? []);

  test('An export has every record once, the oldest first, over pages and days', async () => {
    const names = Array.from({ length: 700 }, (_, i) => `t${i}`);
    // Many share a millisecond, and one stands alone two days later.
    for (const [i, name] of names.entries()) audit.add(recordOf(name, noon + Math.floor(i / 400)));
    audit.add(recordOf('last', noon + 2 * day));
    audit.add(recordOf('first', noon - day));
    const found = await pages();
    expect(found.flat().map(({ object }) => object)).toEqual(['first', ...names, 'last']);
    expect(Math.max(...found.map(({ length }) => length))).toBe(500);
  });

  test('An export has what the filters leave, and never what its reader may not see', async () => {
    audit.add(recordOf('a', noon));
    audit.add(recordOf('b', noon, { server: 'other' }));
    audit.add(recordOf('c', noon + 1, { verdict: 'deny', reason: 'not_permitted' }));
    audit.add(recordText({ at: noon, verdict: 'deny', reason: 'credentials_missing', http: 'GET /' }));
    audit.add(recordText({ at: noon, verdict: 'allow', resource: 'registry', http: 'POST /register', object: 'r' }));
    expect(await objects()).toEqual(['a', 'b', 'r', 'c']);
    expect(await objects({ visible: { servers: ['notes'] } })).toEqual(['a', 'c']);
    expect((await pages({ visible: { servers: [] } })).flat()).toEqual([]);
    expect(await objects({ query: { verdict: 'deny', caller: 'known' } })).toEqual(['c']);
    expect(await objects({ query: { tool: 'A', until: '2026-11-27T12:00:00Z' } })).toEqual(['a', 'b']);
    expect(await objects({ query: { since: '2026-11-28T00:00:00Z', until: '2026-11-29T00:00:00Z' } })).toEqual([]);
  });

  test('audit:export writes the same while the gateway runs, as a file or to standard output', async () => {
    audit.add(recordOf('=1+1', noon));
    audit.add(recordOf('b', noon + day));
    await objects();
    expect(await command('--format', 'ndjson', '--to', '2026-11-28')).toEqual([0, lines('=1+1', 'b'), '']);
    expect((await command('--format', 'csv', '--from', '2026-11-27', '--to', '2026-11-27'))[1]).toContain(",'=1+1,");
    expect(await command('--format', 'ndjson', '--from', '2026-11-28', '--to', '2026-11-28')).toEqual([
      0,
      lines('b'),
      '',
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'export-'));
    try {
      const out = join(folder, 'all.ndjson');
      const said = await command('--format', 'ndjson', '--to', '2026-11-28', '--out', out);
      expect(said).toEqual([0, `All records that match are in ${out}.\n`, '']);
      expect([readFileSync(out, 'utf8').split('\n').length, statSync(out).mode & 0o777]).toEqual([3, 0o600]);
      expect(await command('--format', 'csv', '--out', out)).toEqual([
        1,
        '',
        expect.stringContaining('is there already'),
      ]);
      expect(readdirSync(folder)).toEqual(['all.ndjson']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const lines = (...names: string[]) =>
    expect.stringMatching(
      new RegExp(`^${names.map((name) => `.*"object":"${name.replace('+', '\\+')}".*\n`).join('')}$`),
    );
  const command = async (...words: string[]) => {
    const env = where.startsWith('postgres') ? { DATABASE_URL: where } : { DATA_DIR: where };
    return await ran(words, env);
  };
});

test.each([
  ['without a format', [], 'Give --format'],
  ['with an unknown format', ['--format', 'xml'], '--format must be one of ndjson, csv, ocsf'],
  ['with a time that is none', ['--format', 'csv', '--from', 'yesterday'], '--from must be a time'],
  ['with an empty folder', ['--format', 'csv'], 'There is no audit.db in'],
])('audit:export %s says what to change', async (_what, words, message) => {
  const folder = mkdtempSync(join(tmpdir(), 'export-'));
  try {
    const [code, , said] = await ran(words, { DATA_DIR: folder, DATABASE_URL: '' });
    const isUse = !message.includes('audit.db');
    expect([code, said]).toEqual([isUse ? 2 : 1, expect.stringContaining(message)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function ran(words: string[], env: NodeJS.ProcessEnv): Promise<[code: number, stdout: string, stderr: string]> {
  const said = ['', ''];
  const [stdout, stderr] = said.map((_, i) =>
    new PassThrough().on('data', (chunk) => {
      said[i] += String(chunk);
    }),
  ) as [PassThrough, PassThrough];
  const code = await run(words, { env, stdin: new PassThrough(), stdout, stderr });
  return [code, ...(said as [string, string])];
}
