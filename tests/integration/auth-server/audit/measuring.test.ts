import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MeasuredCall } from '../../../../auth-server/audit/outside/measured-call.ts';
import { createMeasuring } from '../../../../auth-server/audit/outside/measuring.ts';
import { type AuditDatabase, openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { dayOf } from '../../../../auth-server/audit/store/days.ts';
import { type Engine, openEngine } from '../../../../auth-server/audit/thread/engine.ts';
import type { Report } from '../../../../auth-server/audit/thread/report.ts';
import { placeOf } from '../../../support/auth-server/audit-here.ts';
import { answerSoon, until } from '../../../support/listen.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

const requestId = (number: number) => number.toString(16).padStart(32, '0');
const line = (number: number, status: number, seconds: string) =>
  `${requestId(number)}\t${status}\t${status}\t9.999\t${seconds}\t100\n`;

test('That nginx writes no line at all is told once, when requests are given up', async () => {
  const database = {} as AuditDatabase;
  const told: number[] = [];
  const give = (requests: number) => told.push(requests);
  const deps = { database, writer: 1, path: '/nowhere/calls.log', called: () => undefined, unwritten: give };
  const measuring = createMeasuring({ ...deps, limits: { mostOpen: 2 } });
  const record = { at: 1, verdict: 'allow', resource: 'mcp' } as const;
  for (const number of [1, 2, 3, 4, 5]) {
    measuring.written([{ number, record: { ...record, request_id: requestId(number) } }]);
    await measuring.work();
  }
  expect(told).toEqual([1]);
});

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  const folder = mkdtempSync(join(tmpdir(), 'measuring-'));
  let where: string;
  let callsFile: string;
  let engines: Engine[];
  let called: MeasuredCall[];
  let reports: Report[];
  beforeEach(async () => {
    where = await places.empty();
    callsFile = join(mkdtempSync(join(folder, 'calls-')), 'calls.log');
    [engines, called, reports] = [[], [], []];
  });
  afterEach(async () => {
    for (const each of engines) await each.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const open = async (id: number, path = callsFile) => {
    const identity = { id, name: `${id}`.padStart(32, '0'), host: 'h', pid: 1, startedAt: Date.now() };
    const place = { ...placeOf(where), callsFile: path };
    const engine = await openEngine(
      place,
      identity,
      (report) => reports.push(report),
      (some) => called.push(...some),
    );
    engines.push(engine);
    return engine;
  };
  const at = Date.now();
  const record = (number: number, differs: object = {}) =>
    JSON.stringify({
      at,
      verdict: 'allow',
      request_id: requestId(number),
      resource: 'mcp',
      server: 'echo',
      http: 'POST /echo/mcp',
      method: 'tools/call',
      object: 'look',
      definition: 'd',
      ...differs,
    });
  const write = (engine: Engine, from: number, ...texts: string[]) =>
    engine.write({ from, texts: texts.join('\n'), callers: [] });
  const rows = async () => {
    const database = await openAuditDatabase(where);
    try {
      await database.make(dayOf(at));
      const found = database.day(dayOf(at)).selectFrom('audit_call').selectAll();
      const all = await found.orderBy('writer').orderBy('number').execute();
      return all.map((row) => ({ ...row }));
    } finally {
      await database.close();
    }
  };

  test('Each auth-server notes status and time of the requests that it has allowed, and of no others', async () => {
    const [one, other] = [await open(1), await open(2)];
    await write(one, 1, record(1), record(2, { verdict: 'deny', reason: 'not_permitted' }), record(3));
    // Lines come before the records too.
    appendFileSync(
      callsFile,
      line(1, 200, '0.012') + line(2, 403, '0.001') + line(4, 502, '0.300') + line(99, 200, '0.1'),
    );
    appendFileSync(callsFile, `broken\n${line(5, 200, '0.004')}`);
    await until(async () => (await rows()).length > 0);
    await write(other, 1, record(4), record(5, { method: 'tools/list', object: undefined, definition: undefined }));
    appendFileSync(callsFile, line(3, 499, '-'));
    const expected = [
      { writer: 1, number: 1, at, status: 200, milliseconds: 12 },
      { writer: 1, number: 3, at, status: 499, milliseconds: 9_999 },
      { writer: 2, number: 1, at, status: 502, milliseconds: 300 },
      { writer: 2, number: 2, at, status: 200, milliseconds: 4 },
    ];
    expect(await answerSoon(rows, expected)).toEqual(expected);
    // The list is no call.
    const by = (a: MeasuredCall, b: MeasuredCall) => a.status - b.status;
    expect(called.toSorted(by)).toEqual([
      { server: 'echo', tool: 'look', status: 200, milliseconds: 12 },
      { server: 'echo', tool: 'look', status: 499, milliseconds: 9_999 },
      { server: 'echo', tool: 'look', status: 502, milliseconds: 300 },
    ]);
    expect(reports).toEqual([]);
  });

  test('A file of calls that cannot be read is reported, and stops nothing', async () => {
    appendFileSync(callsFile, '');
    const engine = await open(1, join(callsFile, 'below-a-file'));
    await write(engine, 1, record(1));
    expect(reports).toMatchObject([{ level: 'error', code: 'audit_calls' }]);
  });
});
