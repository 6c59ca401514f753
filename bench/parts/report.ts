import type { Cost } from '../calls/measure.ts';
import type { Route } from '../calls/ways.ts';
import { type Spread, shown } from '../spread.ts';
import type { Figure } from './figure.ts';
import type { Table } from './table.ts';

const names: Record<Route, string> = {
  plain: 'nginx without a gate',
  floor: 'the least gate',
  direct: 'direct',
  relay: 'through the relay',
  hub: 'through the hub',
  account: "with the caller's own account",
};

/** Everything that a run has measured, as tables. */
export function tablesOf(costs: readonly Cost[], figures: readonly Figure[]): Table[] {
  const groups = Map.groupBy(
    costs,
    ({ size, connections }) => `${size === '300 B' ? size : '16 kB'}, ${connections} at a time`,
  );
  const ofCalls = [...groups].map(([what, some]) => tableOf(`A call of ${what}`, some));
  const busy = costs.filter(({ size, connections }) => size === '300 B' && connections === 32);
  const lines = figures.map((one) => [one.what, `${shown(one, one.digits)} ${one.unit}`]);
  if (busy.length > 0) lines.unshift(['a million calls of an agent a day', perDay(busy)]);
  return [...ofCalls, ...(lines.length > 0 ? [{ title: 'Also', head: ['what', 'figure'], lines }] : [])];
}

function tableOf(title: string, costs: readonly Cost[]): Table {
  const head = ['call', 'by', 'nginx µs', 'auth-server µs', 'relay, hub µs', 'CPU ×', '× least gate', 'p50 ×', 'p99 ×'];
  return { title, head, lines: costs.map(lineOf) };
}

function lineOf({ route, credential, size, cpu, p50, p99, byBase, byFloor, connections }: Cost): string[] {
  const whole = (spread: Spread | undefined) => spread?.median.toFixed(0) ?? '';
  const ratio = (spread: Spread) => (route === 'plain' ? '1' : shown(spread, 1));
  const time = (by: Spread, { median }: Spread) =>
    route === 'plain' ? `1 (${median.toFixed(connections === 1 ? 2 : 1)} ms)` : shown(by, 1);
  return [
    size === '300 B' ? names[route] : `${names[route]}, ${size}`,
    route === 'plain' || route === 'floor' ? '' : credential,
    whole(cpu.nginx),
    whole(cpu['auth-server']),
    [cpu.relay, cpu.hub]
      .filter((one) => one !== undefined)
      .map(whole)
      .join(', '),
    ratio(byBase.cpu),
    byFloor ? shown(byFloor.cpu, 1) : '',
    time(byBase.p50, p50),
    time(byBase.p99, p99),
  ];
}

/** What a million calls take. @param costs of small calls, 32 at a time */
function perDay(costs: readonly Cost[]): string {
  const of = (route: Route) => costs.find((one) => one.route === route)?.all.median ?? Number.NaN;
  const [all, gate] = [of('direct'), of('direct') - of('plain')];
  const share = ((gate / 86_400) * 100).toFixed(2);
  return `${all.toFixed(0)} s of CPU, ${gate.toFixed(0)} s of it for the gate: ${share} % of one core`;
}

/** More than this is shown. Two runs of the same code differ by up to half of it. */
const noticed = 0.1;
/** Beside more work of others, in cores, the least gate gets dearer by less than ours: it has less code to keep at hand. */
export const isQuiet = (othersCores: number) => othersCores < 0.3;

/**
 * Compares the cost of an agent's call, as a multiple of the floor in the same rounds, with the kept one.
 * @param othersCores what other processes used of the machine in that time
 * @returns one line for people; it begins with `warning` if a call has become more than 10 % dearer
 */
export function judged(ratio: Spread, kept: number, othersCores: number): string {
  const figures = `a call of an agent costs ${shown(ratio, 2)} times the least gate, ${kept.toFixed(2)} when it was last kept`;
  if (!isQuiet(othersCores))
    return `${figures}. Not compared: other work took ${othersCores.toFixed(1)} cores meanwhile, and then the multiple is larger`;
  if (ratio.median > kept * (1 + noticed))
    return `warning: ${figures}. Look for the reason (docs/performance.md), or keep it: npm run bench:guard -- --keep`;
  return figures;
}
