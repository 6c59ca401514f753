// Checks that nothing grows: runs a steady mixed load for some minutes, at half of the machine's capacity, and measures
// memory and open files of every process: npm run soak -- --minutes 10
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { liveMegabytesOf, snapshotOptions } from '../../bench/parts/live-memory.ts';
import { median, withChildren } from '../../bench/wrk.ts';
import { send } from '../support/gateway/send.ts';
import { type Load, startLoad, wronglyAllowed } from './load.ts';
import { type Stage, startStage } from './stage.ts';

const help = `Sends a steady mixed load and reports whether memory and open files of every process stay flat.

  npm run soak -- [--minutes 10] [--rate N]

--rate   requests per second; default: half of the machine's current capacity
Exit code: 0 if all is flat and every answer is the expected one, 1 otherwise.`;

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, rate: { type: 'string' }, help: { type: 'boolean' } },
});
const minutes = Number(values.minutes ?? 10);
/** Live memory may grow this much, because caches are still filling. */
const slackMegabytes = 6;
const slackFiles = 30;
/** The services to measure, with all processes that they start. */
const names = ['nginx', 'auth-server', 'relay', 'registry', 'currenttime', 'mcpgw'];

interface Sample {
  megabytes: number;
  files: number;
}

if (values.help || !(minutes > 0)) console.log(help);
else await run();

async function run(): Promise<void> {
  const snapshots = mkdtempSync(join(tmpdir(), 'soak-'));
  process.env.NODE_OPTIONS = snapshotOptions(snapshots);
  const stage = await startStage();
  try {
    await stage.load.stop();
    const rate = Number(values.rate ?? Math.round((await capacity(stage)) / 2));
    console.log(`${minutes} minutes at ${rate} requests a second, of ${stage.callers.kinds.length} kinds`);
    const start = () => startLoad(stage.gateway.ports.gateway, stage.callers.kinds, Math.max(1, 1000 / rate));
    // The first third is warm-up.
    const warm = start();
    await watch(stage, minutes / 3);
    await warm.stop();
    const before = await liveMegabytes(stage, snapshots);
    const load = start();
    const samples = await watch(stage, (minutes * 2) / 3);
    await load.stop();
    const flat = printTable(samples, before, await liveMegabytes(stage, snapshots));
    process.exitCode = printAnswers([warm, load]) && flat ? 0 : 1;
  } finally {
    await stage.stop();
    rmSync(snapshots, { recursive: true });
  }
}

/** Megabytes of live memory in each Node process, by name and pid. */
async function liveMegabytes({ gateway }: Stage, folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const [name, pid] of processes(gateway)) {
    if (name === 'nginx') continue;
    found.set(`${name} ${pid}`, await liveMegabytesOf(pid, folder));
  }
  return found;
}

/** Requests per second when 16 callers send requests as fast as they can. */
async function capacity({ gateway, callers }: Stage): Promise<number> {
  const until = performance.now() + 4_000;
  let done = 0;
  const ask = async (lane: number) => {
    for (let i = lane; performance.now() < until; i++, done++) {
      const kind = callers.kinds[i % callers.kinds.length];
      if (kind) await send(gateway.ports.gateway, kind.request);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, lane) => ask(lane)));
  return done / 4;
}

async function watch({ gateway }: Stage, span: number): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  const end = performance.now() + span * 60_000;
  while (performance.now() < end) {
    await sleep(2_000);
    // Discard what this driver recorded, so that it does not run out of memory.
    gateway.echo.seen.length = 0;
    gateway.log.length = 0;
    for (const [name, pid] of processes(gateway)) {
      const sample = sampleOf(pid);
      const key = `${name} ${pid}`;
      if (sample) samples.set(key, [...(samples.get(key) ?? []), sample]);
    }
  }
  return samples;
}

/** Every process of the stack and all its descendants. */
function processes({ supervisor }: Stage['gateway']): [string, number][] {
  return names.flatMap((name) => {
    const pid = supervisor.pid(name);
    return pid === undefined ? [] : withChildren(pid).map((each): [string, number] => [name, each]);
  });
}

function sampleOf(pid: number): Sample | undefined {
  try {
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    return { megabytes: kilobytes / 1024, files: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

/** Live memory and open files, in the first half and at the end. */
function printTable(
  samples: ReadonlyMap<string, readonly Sample[]>,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): boolean {
  console.log(
    '\nprocess                MB living, before  at the end  MB resident, at most  files, before  at the end',
  );
  let flat = true;
  for (const [name, all] of samples) {
    const half = Math.floor(all.length / 2);
    const files = (part: readonly Sample[]) => median(part.map((sample) => sample.files));
    const [first, last] = [files(all.slice(0, half)), files(all.slice(half))];
    const resident = Math.max(...all.map(({ megabytes }) => megabytes));
    // nginx has no heap to inspect and no garbage collection: use its resident memory.
    const lives = before.get(name) ?? all[0]?.megabytes ?? 0;
    const livesNow = after.get(name) ?? all.at(-1)?.megabytes ?? 0;
    const grows = livesNow - lives > slackMegabytes || last - first > slackFiles;
    if (grows) flat = false;
    const cells = [lives.toFixed(1), livesNow.toFixed(1), resident.toFixed(0), first.toFixed(0), last.toFixed(0)];
    const widths = [17, 12, 22, 16, 12];
    console.log(
      `${name.padEnd(23)}${cells.map((c, i) => c.padStart(widths[i] ?? 0)).join('')}${grows ? '  GROWS' : ''}`,
    );
  }
  return flat;
}

function printAnswers(loads: readonly Load[]): boolean {
  const bad = loads.flatMap((load) => load.unexpected(0));
  const results = loads.flatMap((load) => load.results);
  const took = results.map(({ started, ended }) => ended - started).sort((a, b) => a - b);
  const at = (share: number) => (took[Math.floor(took.length * share)] ?? 0).toFixed(1);
  console.log(
    `\n${results.length} answers, ${bad.length} unexpected, ${wronglyAllowed(results).length} wrongly allowed`,
  );
  console.log(`milliseconds: median ${at(0.5)}, 99 % ${at(0.99)}, 99.9 % ${at(0.999)}`);
  for (const { kind, got } of bad.slice(0, 10)) console.log(`  ${kind.name}: ${got} instead of ${kind.due}`);
  return bad.length === 0;
}
