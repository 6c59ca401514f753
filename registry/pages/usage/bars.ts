import type { Usage } from '../../../common/doors/usage.ts';
import { withCommas } from '../shared/format.ts';
import { area, round, roundTop, type Slot, slotLength, slotTime, ticksOf } from './slots.ts';

/** The part of a slot's width that its bar takes. */
const barShare = 0.8;
/** Every call is seen: a part of a bar is drawn this high at least. */
const leastHeight = 2;

const parts = [
  ['ink', 'allowed'],
  ['ink-wait', 'refused'],
  ['ink-bad', 'errors'],
] as const;

/** The calls of a slot that were allowed and went well, were refused, or ended with an error. */
function partsOf({ calls, refused, errors }: Slot) {
  return { allowed: Math.max(0, calls - refused - errors), refused, errors };
}

/** The calls in each slot as stacked bars, in words (`label`, each `title`) and as a table (`rows`, the newest first). */
export function barsOf({ span, slots, slotSeconds, total, measured }: Usage) {
  const hasErrors = measured !== 'none';
  const top = roundTop(Math.max(...slots.map(({ calls }) => calls)));
  const width = area.width / Math.max(1, slots.length);
  const timed = slots.map((slot) => ({ ...slot, ...partsOf(slot), time: slotTime(span, slotSeconds, slot) }));
  const most = timed.reduce(
    (one, other) => (other.calls > one.calls ? other : one),
    timed[0] ?? { calls: 0, time: '' },
  );
  const per = slotLength(slotSeconds);
  return {
    title: `Calls by ${per}`,
    /** Without measured calls, no error is known. */
    hasErrors,
    label: `Calls by ${per}: ${counts(total, hasErrors)}. Most at ${most.time} UTC, ${withCommas(most.calls)}.`,
    scale: [top, top / 2, 0].map(withCommas),
    slots: timed.map((slot, i) => {
      let bottom: number = area.height;
      const bars = parts.flatMap(([ink, part]) => {
        if (slot[part] === 0) return [];
        const height = Math.max(leastHeight, (slot[part] / top) * area.height);
        bottom -= height;
        return { ink, x: round((i + (1 - barShare) / 2) * width), y: round(bottom), height: round(height) };
      });
      return { x: round(i * width), bars, title: `${slot.time} UTC: ${counts(slot, hasErrors)}` };
    }),
    width: round(width),
    barWidth: round(width * barShare),
    ticks: ticksOf(span, slots),
    rows: timed.filter(({ calls }) => calls > 0).reverse(),
  };
}

function counts({ calls, refused, errors }: Pick<Slot, 'calls' | 'refused' | 'errors'>, hasErrors: boolean): string {
  if (calls === 0) return 'no call';
  const some = `${withCommas(calls)} ${calls === 1 ? 'call' : 'calls'}, ${withCommas(refused)} refused`;
  return hasErrors ? `${some}, ${withCommas(errors)} with an error` : some;
}
