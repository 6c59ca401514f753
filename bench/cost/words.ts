import { median } from '../wrk.ts';
import type { Cost, Costs } from './measure.ts';

const sum = ({ nginx, gate }: Cost) => nginx + gate;

/** The least sum of a way's rounds: other load only adds to it. */
export const least = (runs: readonly Cost[]) => Math.min(...runs.map(sum));

/**
 * The costs as a Markdown table. Ratios are medians over the rounds, each against the same round of the other way.
 * @param connections how many requests were open at a time
 */
export function asTable(connections: number, costs: Costs): string {
  const alone = costs.get('nginx alone') ?? [];
  const floor = costs.get('floor') ?? [];
  const lines = [...costs].map(([way, runs]) => {
    const against = (base: readonly Cost[]) => {
      const ratios = runs.map((run, i) => sum(run) / sum(base[i] ?? run));
      return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
    };
    const of = (what: keyof Cost, digits = 0) => median(runs.map((run) => run[what])).toFixed(digits);
    const all = median(runs.map(sum)).toFixed(0);
    return [way, of('nginx'), of('gate'), all, against(alone), against(floor), of('p50', 1), of('p99', 1)];
  });
  const head = [`${connections} at a time`, 'nginx', 'gate', 'in all', '× nginx alone', '× floor', 'p50 ms', 'p99 ms'];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the gate costs a user in a day. @param costs of one number of connections */
export function perDay(costs: Costs): string {
  const [alone, agent] = [
    median((costs.get('nginx alone') ?? []).map(sum)),
    median((costs.get('agent') ?? []).map(sum)),
  ];
  const seconds = agent - alone;
  return `A million calls a day take ${agent.toFixed(0)} s of CPU, ${seconds.toFixed(0)} s of it for the gate: ${((seconds / 86_400) * 100).toFixed(2)} % of one core.`;
}

/** More than this is shown. Two runs of the same code differ by up to half of it. */
const noticed = 0.1;

/**
 * Compares the cost of a call of an agent, as a multiple of the floor of the same run, with the kept one.
 * @returns one line for people; it begins with `warning` if a call has become more than 10 % dearer
 */
export function judged(ratio: number, kept: number): string {
  const figures = `a call of an agent costs ${ratio.toFixed(2)} times the floor, ${kept.toFixed(2)} when it was last kept`;
  if (ratio > kept * (1 + noticed))
    return `warning: ${figures}. Look for the reason (docs/performance.md), or keep it: npm run bench:guard -- --keep`;
  return figures;
}
