import type { Usage, UsageSpan } from '../../../common/doors/usage.ts';

export type Slot = Usage['slots'][number];

/** The drawing area of a chart, in units that the page stretches. Its words stand beside it, in HTML. */
export const area = { width: 1_000, height: 144 } as const;

/** How many equal parts the ticks below a chart make of it. */
const partsOf: Record<UsageSpan, number> = { '24h': 4, '7d': 7, '90d': 3 };
const hour = 3_600;
const day = 24 * hour;

const months = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });
const weekdays = new Intl.DateTimeFormat('en', { weekday: 'short', timeZone: 'UTC' });
const dayOf = (at: Date) => `${at.getUTCDate()} ${months.format(at)}`;
const clockOf = (at: Date) => at.toISOString().slice(11, 16);

/** The words below a chart, from its left end on; its right end is now. */
export function ticksOf(span: UsageSpan, slots: readonly Slot[]): string[] {
  const parts = partsOf[span];
  return Array.from({ length: parts }, (_, i) => slots[Math.floor((i * slots.length) / parts)]).flatMap((slot) => {
    if (!slot) return [];
    const at = new Date(slot.at);
    return span === '24h' ? clockOf(at) : span === '7d' ? weekdays.format(at) : dayOf(at);
  });
}

/** When a slot begins, in UTC: `14:00`, `Mon 23 Nov 14:00`, or of a whole day `Mon 23 Nov`. */
export function slotTime(span: UsageSpan, slotSeconds: number, { at: text }: Slot): string {
  const at = new Date(text);
  if (span === '24h') return clockOf(at);
  const date = `${weekdays.format(at)} ${dayOf(at)}`;
  return slotSeconds < day ? `${date} ${clockOf(at)}` : date;
}

/** How long a slot is: `hour`, `3 hours`, `day`. */
export function slotLength(slotSeconds: number): string {
  if (slotSeconds % day === 0) return slotSeconds === day ? 'day' : `${slotSeconds / day} days`;
  return slotSeconds === hour ? 'hour' : `${slotSeconds / hour} hours`;
}

/** The least round number that is not below `most`, and whose half is a whole number: 2, 4, 6, 8, 10, 20, 40 … */
export function roundTop(most: number): number {
  let power = 1;
  while (10 * power < most) power *= 10;
  return power * ([2, 4, 6, 8, 10].find((step) => step * power >= most) ?? 10);
}

/** A length in the units of {@link area}. One decimal is a tenth of a pixel or less. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
