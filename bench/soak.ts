// Does anything grow? A steady mixed load for some minutes, at half of what the machine can do, while memory and open
// files of every process are watched: npm run soak -- --minutes 10
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { send } from '../tests/e2e/send.ts';
import { type Load, startLoad, wronglyAllowed } from '../tests/faults/load.ts';
import { type Stage, startStage } from '../tests/faults/stage.ts';
import { median, slope } from './trend.ts';

const help = `Sends a steady mixed load and says whether memory and open files of every process stay flat.

  npm run soak -- [--minutes 10] [--rate N]

--rate   requests a second; by default half of what the machine can do just now
Exit code: 0 all flat and every answer right, 1 otherwise.`;

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, rate: { type: 'string' }, help: { type: 'boolean' } },
});
const minutes = Number(values.minutes ?? 10);
/** Of memory: what may come and go with the garbage collection. */
const slackMegabytes = 16;
const slackFiles = 30;

interface Sample {
  at: number;
  megabytes: number;
  files: number;
}

if (values.help || !(minutes > 0)) console.log(help);
else await run();

async function run(): Promise<void> {
  const stage = await startStage();
  try {
    await stage.load.stop();
    const rate = Number(values.rate ?? Math.round((await capacity(stage)) / 2));
    console.log(`${minutes} minutes at ${rate} requests a second, of ${stage.callers.kinds.length} kinds`);
    const load = startLoad(stage.gateway.ports.gateway, stage.callers.kinds, Math.max(1, 1000 / rate));
    const samples = await watch(stage);
    await load.stop();
    const flat = printTable(samples);
    process.exitCode = printAnswers(load) && flat ? 0 : 1;
  } finally {
    await stage.stop();
  }
}

/** Requests a second when 16 callers ask as fast as they can. */
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

async function watch({ gateway }: Stage): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end) {
    await sleep(2_000);
    // What the driver itself would keep.
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

const names = ['nginx', 'auth-server', 'relay', 'registry', 'currenttime', 'mcpgw'];

/** Every process of the stack with all that it has started. */
function processes({ supervisor }: Stage['gateway']): [string, number][] {
  return names.flatMap((name) => {
    const pid = supervisor.pid(name);
    return pid === undefined ? [] : withChildren(pid).map((each): [string, number] => [name, each]);
  });
}

function withChildren(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return [pid, ...children.flatMap(withChildren)];
  } catch {
    return [];
  }
}

function sampleOf(pid: number): Sample | undefined {
  try {
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    return { at: performance.now(), megabytes: kilobytes / 1024, files: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

/** The first third is for warming up; the second and the last one are compared. */
function printTable(samples: ReadonlyMap<string, readonly Sample[]>): boolean {
  console.log('\nprocess                  MB, middle  MB, end  MB/hour  files, middle  files, end');
  let flat = true;
  for (const [name, all] of samples) {
    const third = Math.floor(all.length / 3);
    const [middle, last] = [all.slice(third, 2 * third), all.slice(-third)];
    const of = (part: readonly Sample[], what: 'megabytes' | 'files') => median(part.map((sample) => sample[what]));
    const perHour = slope(all.slice(third).map(({ at, megabytes }) => [at / 3_600_000, megabytes]));
    const grows =
      of(last, 'megabytes') - of(middle, 'megabytes') > Math.max(slackMegabytes, of(middle, 'megabytes') / 10) ||
      of(last, 'files') - of(middle, 'files') > slackFiles;
    if (grows) flat = false;
    const cells = [of(middle, 'megabytes'), of(last, 'megabytes'), perHour, of(middle, 'files'), of(last, 'files')];
    const widths = [12, 9, 9, 15, 12];
    const text = cells.map((cell, i) => cell.toFixed(i < 2 ? 1 : 0).padStart(widths[i] ?? 10)).join('');
    console.log(`${name.padEnd(23)}${text}${grows ? '  GROWS' : ''}`);
  }
  return flat;
}

function printAnswers(load: Load): boolean {
  const bad = load.abnormal(0);
  const took = load.results.map(({ started, ended }) => ended - started).sort((a, b) => a - b);
  const at = (share: number) => (took[Math.floor(took.length * share)] ?? 0).toFixed(1);
  console.log(
    `\n${load.results.length} answers, ${bad.length} not as they should be, ${wronglyAllowed(load.results).length} let through wrongly`,
  );
  console.log(`milliseconds: median ${at(0.5)}, 99 % ${at(0.99)}, 99.9 % ${at(0.999)}`);
  for (const { kind, got } of bad.slice(0, 10)) console.log(`  ${kind.name}: ${got} instead of ${kind.due}`);
  return bad.length === 0;
}
