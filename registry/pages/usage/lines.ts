import type { Usage } from '../../../common/doors/usage.ts';
import { took } from '../shared/format.ts';
import { area, round, roundTop, type Slot, slotLength, slotTime, ticksOf } from './slots.ts';

/** The times of answers in each slot as two lines, in words and as a table (`rows`, the newest first). */
export function linesOf({ span, slots, slotSeconds, total }: Usage) {
  const timed = slots.map((slot) => ({ ...slot, time: slotTime(span, slotSeconds, slot) }));
  const measured = timed.filter(({ p50 }) => p50 !== null);
  const top = roundTop(Math.max(...measured.map(({ p50, p95 }) => Math.max(p50 ?? 0, p95 ?? 0))));
  const width = area.width / Math.max(1, slots.length);
  const slowest = measured.reduce((one, other) => ((other.p95 ?? 0) > (one?.p95 ?? 0) ? other : one), measured[0]);
  const slow = slowest?.p95 == null ? '' : ` Slowest at ${slowest.time} UTC: 95 % within ${took(slowest.p95)}.`;
  return {
    title: 'Time to answer',
    label: `Time to answer by ${slotLength(slotSeconds)}: ${times(total)}.${slow}`,
    scale: [top, top / 2, 0].map(scaleWords),
    p50: pathOf(slots, ({ p50 }) => p50, top),
    p95: pathOf(slots, ({ p95 }) => p95, top),
    slots: timed.map((slot, i) => ({ x: round(i * width), title: `${slot.time} UTC: ${times(slot)}` })),
    width: round(width),
    ticks: ticksOf(span, slots),
    rows: measured.reverse(),
  };
}

/** Half of the calls, and nearly all of them. */
function times({ p50, p95 }: Pick<Slot, 'p50' | 'p95'>): string {
  if (p50 === null) return 'nothing measured';
  const most = p95 === null ? '' : `, 95 % within ${took(p95)}`;
  return `half within ${took(p50)}${most}`;
}

function scaleWords(ms: number): string {
  return ms === 0 ? '0' : ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

/** The part of a slot's width that its value takes between two gaps. */
const aloneShare = 0.6;

/** A line through the middles of the slots, with a gap where a slot has no value. A slot between two gaps is a dash. */
function pathOf(slots: readonly Slot[], millisecondsOf: (slot: Slot) => number | null, top: number): string {
  const width = area.width / Math.max(1, slots.length);
  const values = slots.map(millisecondsOf);
  const isGap = (i: number) => values[i] === null || values[i] === undefined;
  const steps = values.map((value, i) => {
    if (value === null) return '';
    const y = round(area.height * (1 - value / top));
    if (isGap(i - 1) && isGap(i + 1))
      return `M${round((i + (1 - aloneShare) / 2) * width)} ${y}h${round(aloneShare * width)}`;
    return `${isGap(i - 1) ? 'M' : 'L'}${round((i + 0.5) * width)} ${y}`;
  });
  return steps.join('');
}
