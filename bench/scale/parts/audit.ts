import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReadQuestions } from '../../../auth-server/audit/read/questions.ts';
import { openAuditDatabase } from '../../../auth-server/audit/store/database.ts';
import { createNames } from '../../../auth-server/audit/store/names.ts';
import { createUsageQuestions } from '../../../auth-server/audit/usage/questions.ts';
import { makeSums } from '../../../auth-server/audit/usage/sums/make-sums.ts';
import { newIdentity } from '../../../auth-server/audit/write/identity.ts';
import { createWriter } from '../../../auth-server/audit/write/writer.ts';
import { decisionsQuery } from '../../../common/doors/decisions.ts';
import { recordOf } from '../../audit/fill.ts';
import type { Part, Scene } from '../part.ts';
import { startChild } from '../support/child.ts';

const [days, people] = [30, 200];
/** Larger than a gateway's, so that filling waits less for the disk. */
const batchToFill = 10_000;
/** As a gateway writes them. */
const batch = 250;
const batches = 12;
const rounds = 5;

/** The audit with decisions of thirty days, in SQLite. */
export const audit: Part = {
  name: 'decisions in the audit',
  key: 'audit',
  sizes: [10_000, 100_000, 1_000_000],
  quick: [1_000, 5_000, 20_000],
  seconds: 300,
  measure,
};

async function measure(scene: Scene): Promise<void> {
  for (const size of scene.sizes) {
    scene.tell(`${size}`);
    const folder = mkdtempSync(join(tmpdir(), 'bench-audit-'));
    scene.ends(() => rmSync(folder, { recursive: true, force: true }));
    const sizes = [size, days, people, batchToFill].map(String);
    await startChild(scene, '../../audit/fill.ts', [folder, ...sizes]).line();
    scene.put({ what: 'on disk, for one', unit: 'bytes', of: 'each' }, size, bytesIn(folder) / size);
    await measureOne(scene, folder, size);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOne(scene: Scene, folder: string, size: number): Promise<void> {
  const database = await openAuditDatabase(folder);
  try {
    const names = createNames(database);
    const writer = createWriter(database, newIdentity(), names);
    await writer.greet();
    const written: number[] = [];
    for (let i = 0; i < batches; i++) {
      const texts = Array.from({ length: batch }, (_, k) => recordOf(Date.now(), i * batch + k, people)).join('\n');
      const cpu = await cpuOf(() => writer.write({ from: i * batch + 1, texts, callers: [] }));
      // The first ones make the day's tables.
      if (i >= 2) written.push((cpu * 1000) / batch);
    }
    scene.put({ what: `writing one, ${batch} at a time`, unit: 'µs of CPU', of: 'each' }, size, ...written);
    const now = Date.now();
    const sums = await cpuOf(() => makeSums(database, 'bench', now));
    scene.put({ what: 'sums of all hours, made once', unit: 'ms of CPU', of: 'all' }, size, sums);
    const visible = { servers: 'all' } as const;
    const { page } = createReadQuestions(database, names);
    const ask = (query: object) => () => page({ query: decisionsQuery.parse(query), visible });
    const usage = createUsageQuestions(database);
    const questions = {
      'a page: the newest': ask({}),
      'a page: refusals of one person': ask({ person: 'person3@', verdict: 'deny' }),
      'a page: a rare tool of a rare server': ask({ server: 'wiki', tool: 'tool_19' }),
      'sums by person, tool and reason': () => usage.sums({ query: {}, visible, now }),
      'usage of 90 days': () => usage.usage({ query: { span: '90d' }, visible, now }),
    };
    for (const [what, question] of Object.entries(questions)) {
      const runs: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const cpu = await cpuOf(question);
        if (round > 0) runs.push(cpu);
      }
      scene.put({ what, unit: 'ms of CPU', of: 'all' }, size, ...runs);
    }
  } finally {
    await database.close();
  }
}

/** CPU of this process during some work, in milliseconds. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
