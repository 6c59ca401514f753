import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { type Audit, openAudit } from '../../../../auth-server/audit/thread/audit.ts';
import { createOutbox } from '../../../../auth-server/audit/thread/outbox.ts';
import type { Batch } from '../../../../auth-server/audit/write/writer.ts';
import { decisionsQuery } from '../../../../common/doors/decisions.ts';
import { createLog } from '../../../../common/service/log.ts';
import { placeOf, startHere } from '../../../support/auth-server/audit-here.ts';
import { toolCallRecord } from '../../../support/auth-server/audit-records.ts';
import { until } from '../../../support/listen.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { openLine } from '../../../support/postgres/line.ts';

const record = (object: string) => JSON.stringify(toolCallRecord(Date.now(), { object }));
const objects = async (audit: Audit) => {
  const query = decisionsQuery.parse({ tool: 'tools/call', limit: 200 });
  const { decisions } = await audit.ask('page', { query, visible: { servers: 'all' } });
  return decisions.map(({ object }) => object);
};
const logged = () => {
  const lines: { reason?: string }[] = [];
  const log = createLog('auth-server', 'info', { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, codes: () => lines.map(({ reason }) => reason), lines };
};

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** The numbers of all records in the folder, and who wrote them. */
async function kept() {
  const database = await openAuditDatabase(folder);
  const numbers: number[] = [];
  for (const day of await database.days())
    for (const { number } of await database.day(day).selectFrom('decision').select('number').execute())
      numbers.push(number);
  const writers = await database.main.selectFrom('audit_writer').selectAll().execute();
  await database.close();
  return { numbers: numbers.sort((a, b) => a - b), writers };
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

test('A thread that dies is reported and started again, and every record is written once', async () => {
  const { log, codes } = logged();
  let thread: Worker | undefined;
  const start = (workerData: unknown) => {
    thread = new Worker(new URL('../../../../auth-server/audit/thread/worker.ts', import.meta.url), { workerData });
    return thread as never;
  };
  const audit = await openAudit(placeOf(folder), { log, start, restartMilliseconds: 1 });
  audit.add(record('before'));
  expect(await objects(audit)).toEqual(['before']);
  const first = thread;
  for (let i = 0; i < 600; i++) audit.add(record(`${i}`));
  await first?.terminate();
  await until(() => thread !== first && codes().includes('audit_thread'));
  audit.add(record('after'));
  await until(() =>
    objects(audit).then(
      ([newest]) => newest === 'after',
      () => false,
    ),
  );
  await audit.close();
  const { numbers, writers } = await kept();
  // The start, the records, and the end.
  expect(numbers).toEqual(upTo(604));
  expect(writers).toEqual([expect.objectContaining({ pid: process.pid, ended_at: expect.any(Number) })]);
});

test.each([
  { when: 'each second', options: {}, added: 10, written: 11 },
  { when: 'as soon as there are 250', options: { flushMilliseconds: 3_600_000 }, added: 600, written: 500 },
])('Records are written $when, and are there after the process was killed', async ({ options, added, written }) => {
  const fileOf = (file: string) => JSON.stringify(new URL(`../../../../${file}`, import.meta.url));
  const program = join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import { openAudit } from ${fileOf('auth-server/audit/thread/audit.ts')};
    import { createLog } from ${fileOf('common/service/log.ts')};
    const options = { log: createLog('auth-server', 'silent'), ...${JSON.stringify(options)} };
    const audit = await openAudit(${JSON.stringify(placeOf(folder))}, options);
    for (let i = 0; i < ${added}; i++) audit.add(${JSON.stringify(record('x'))});
    console.log('added');
    setInterval(() => undefined, 1_000);`,
  );
  child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout) await once(child.stdout, 'data');
  await until(async () => (await kept()).numbers.length >= written);
  child.kill('SIGKILL');
  await once(child, 'exit');
  // The start, and the records.
  const { numbers, writers } = await kept();
  expect(numbers).toEqual(upTo(written));
  expect(writers).toEqual([expect.objectContaining({ ended_at: null })]);
});

test('While the database cannot be written, records wait in memory, which is reported once, and are written later', async () => {
  const line = await openLine(await emptyDatabase());
  const { log, codes } = logged();
  const audit = await openAudit(placeOf(line.url), { log, start: startHere, flushMilliseconds: 20 });
  await line.cut();
  audit.add(record('meanwhile'));
  await until(() => codes().includes('audit_unwritable'));
  await expect(objects(audit)).rejects.toThrow();
  await line.restore();
  await until(() =>
    objects(audit).then(
      ([object]) => object === 'meanwhile',
      () => false,
    ),
  );
  expect(codes().filter((code) => code === 'audit_unwritable')).toHaveLength(1);
  await audit.close();
  await line.close();
});

test('A folder that cannot be written is a fault of the configuration', async () => {
  const { log } = logged();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(openAudit(placeOf(file), { log })).rejects.toThrow(/DATA_DIR: .*audit.db cannot be written/);
});

test('Of more records than fit in memory the newest are counted, and a record with the number follows', () => {
  const posted: Batch[] = [];
  const outbox = createOutbox((batch) => posted.push(batch));
  for (let i = 0; i < 20_007; i++) outbox.add(record(`${i}`));
  expect(outbox.unwritten()).toBe(20_000);
  // Only some are with the thread: all are in memory once.
  expect(posted.map(({ from }) => from)).toEqual([1, 251, 501, 751]);
  outbox.written(1_000);
  outbox.add(record('next'));
  outbox.flushAll();
  const texts = posted.flatMap((batch) => batch.texts.split('\n').map((text) => JSON.parse(text)));
  expect(texts.slice(-2)).toEqual([
    expect.objectContaining({ method: 'audit/lost', count: 7 }),
    expect.objectContaining({ object: 'next' }),
  ]);
  expect(
    posted.reduce((next, { from, texts }) => (from === next ? from + texts.split('\n').length : Number.NaN), 1),
  ).toBe(20_003);
});
