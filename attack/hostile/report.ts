import { forShow } from '../redact.ts';
import { caseLines } from '../report.ts';
import { type Met, machine, percentile, together } from './bystanders.ts';
import type { HostileReport, KindReport } from './run.ts';

/** A bystander is hurt when the slowest of a hundred requests takes over twice as long, and this much longer. */
const floorMilliseconds = 100;
/** By how many processes a request goes: on a busy machine it waits for each of them. */
const hops = 5;

/** One bystander, before and while the server was hostile. Times are in milliseconds. */
export interface Compared {
  name: string;
  before: { p50: number; p99: number };
  during: { p50: number; p99: number };
  /** Of the two p99. */
  ratio: number;
  requests: number;
  refused: Record<string, number>;
  hurt: boolean;
}

/** Compares what bystanders met before and during the attack. */
function compare(before: readonly Met[], during: readonly Met[]): Compared[] {
  const middle = (list: readonly number[] = []) => ({ p50: percentile(list, 0.5), p99: percentile(list, 0.99) });
  const p99Of = (all: readonly Met[]) => middle(all.find(({ name }) => name === machine)?.times).p99;
  const busier = hops * Math.max(0, p99Of(during) - p99Of(before));
  return during.map(({ name, times, refused }, index) => {
    const [usual, now] = [middle(before[index]?.times), middle(times)];
    const isSlow = now.p99 > 2 * usual.p99 + floorMilliseconds + busier;
    const hurt = name !== machine && (isSlow || Object.keys(refused).length > 0 || times.length === 0);
    const ratio = usual.p99 > 0 ? now.p99 / usual.p99 : 0;
    return { name, before: usual, during: now, ratio, requests: times.length, refused, hurt };
  });
}

/** Counts what a run found, and tells whether the gateway held. A run without behaviours fails too. */
export function summarizeHostile({ before, kinds, leftBehind }: HostileReport) {
  const outcomes = kinds.flatMap((kind) => kind.outcomes);
  const through = outcomes.filter(({ verdict }) => verdict === 'through').length;
  const died = kinds.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.died, 0);
  const hurt = kinds.flatMap((kind) => compare(before, kind.bystanders)).filter((one) => one.hurt).length;
  const held = through + died + hurt === 0 && outcomes.length > 0 && leftBehind === undefined;
  return { behaviours: outcomes.length, through, died, hurt, held };
}

/** One line per kind with the failed behaviours (with `verbose` all), the bystanders, the processes, and the result. */
export function hostileText(report: HostileReport, verbose: boolean): string {
  const { behaviours, through, died, hurt } = summarizeHostile(report);
  const { before, kinds, unwatched, leftBehind } = report;
  const all = compare(before, together(kinds.map(({ bystanders }) => bystanders)));
  return [
    ...kinds.flatMap((kind) => kindLines(before, kind, verbose)),
    '',
    'Bystanders, all kinds',
    ...all.map(bystanderLine),
    ...(unwatched.length > 0 ? ['', `Not watched, because their metrics do not answer: ${unwatched.join(', ')}`] : []),
    ...(leftBehind === undefined ? [] : ['', leftBehind]),
    '',
    `${behaviours} behaviours, ${through} got through`,
    `${died} processes died, ${hurt} bystanders were hurt`,
  ].join('\n');
}

function kindLines(
  before: readonly Met[],
  { name, outcomes, bystanders, parts }: KindReport,
  verbose: boolean,
): string[] {
  const bad = outcomes.filter(({ verdict }) => verdict === 'through').length;
  const compared = compare(before, bystanders);
  const isBad = bad > 0 || compared.some(({ hurt }) => hurt) || parts.some(({ died }) => died > 0);
  return [
    `${isBad ? 'FAIL' : 'ok  '}  ${name}: ${outcomes.length - bad} of ${outcomes.length} held`,
    ...outcomes.filter(({ verdict }) => verbose || verdict === 'through').flatMap(caseLines),
    ...compared.filter(({ hurt }) => verbose || hurt).map(bystanderLine),
    ...parts
      .filter(({ died }) => verbose || died > 0)
      .map(
        ({ name: part, died, cpuSeconds, mostBytes }) =>
          `      ${died > 0 ? `died ${died} times` : 'lives'}: ${part}, ${cpuSeconds.toFixed(1)} s of CPU, at most ${Math.round(mostBytes / 1e6)} MB`,
      ),
  ];
}

function bystanderLine({ name, before, during, ratio, requests, refused, hurt }: Compared): string {
  const ms = ({ p50, p99 }: Compared['before']) => `${Math.round(p50)}/${Math.round(p99)}`;
  const counts = Object.entries(refused).map(
    ([status, count]) => `${count} × ${status === '0' ? 'no answer' : status}`,
  );
  return `      ${hurt ? 'hurt' : 'fine'}: who ${name}: p50/p99 ${ms(before)} ms before, ${ms(during)} ms during (${ratio.toFixed(1)}x, ${requests} requests)${counts.length > 0 ? `, refused ${counts.join(', ')}` : ''}`;
}

/** The same as JSON. */
export function hostileJson(report: HostileReport): string {
  const { before, unwatched, leftBehind } = report;
  const kinds = report.kinds.map(({ name, outcomes, bystanders, parts }) => ({
    name,
    bystanders: compare(before, bystanders),
    parts,
    behaviours: outcomes.map(({ answers, name: behaviour, verdict, why }) => ({
      name: behaviour,
      verdict,
      why,
      answers: answers.map(({ sent, status, body }) => ({ sent: forShow(sent), status, body: forShow(body) })),
    })),
  }));
  return JSON.stringify({ summary: summarizeHostile(report), kinds, unwatched, leftBehind }, null, 2);
}
