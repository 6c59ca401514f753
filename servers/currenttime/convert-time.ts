import * as z from 'zod';
import { addTool, readOnly, type ToolAnswer, type Tools } from '../tool-call.ts';
import { type Conversion, convert, difference } from './convert.ts';
import { type Clock, momentSchema, toMoment, toText } from './moment.ts';
import { resolveZone, zoneInput } from './zones.ts';

const pair = z.object({ from: momentSchema, to: momentSchema });
const conversionInput = z.object({
  time: z
    .string()
    .max(100)
    .describe('local time in from_timezone: 2026-07-01T09:30, or 09:30 for today; 24-hour clock, no offset'),
  from_timezone: zoneInput.describe('IANA time zone in which it is that time, such as Europe/London'),
  to_timezone: zoneInput.describe('IANA time zone to convert to, such as America/Los_Angeles'),
  when_twice: z
    .enum(['earlier', 'later'])
    .default('earlier')
    .describe('which one is meant if the local time happens twice because the clocks are put back'),
});

/** Adds the tool `convert_time`. @param now gives the day of a time without a date */
export function registerConvertTime(tools: Tools, now: Clock): void {
  addTool(
    tools,
    'convert_time',
    {
      title: 'Convert a time between time zones',
      description:
        'What a local time in one time zone is in another. Says so when the clocks skip that time or show it twice.',
      inputSchema: conversionInput,
      outputSchema: pair.extend({
        difference: z.string().describe('how far to_timezone is ahead, such as +13:30 or -05:00'),
        occurs: z
          .enum(['once', 'twice', 'never'])
          .describe('how often the clocks in from_timezone show the local time; never: it was moved on past the gap'),
        other: pair.optional().describe('the other moment, if the local time occurs twice'),
      }),
      annotations: readOnly,
    },
    (input) => {
      const [from, to] = [resolveZone(input.from_timezone), resolveZone(input.to_timezone)];
      return describeConversion(convert({ time: input.time, from, to, whenTwice: input.when_twice, now: now() }));
    },
  );
}

function describeConversion(conversion: Conversion): ToolAnswer {
  const { from, to, occurs, other } = conversion;
  const line = (c: Pick<Conversion, 'from' | 'to'>) =>
    `${toText(c.from)} in ${c.from.timeZoneId} is ${toText(c.to)} in ${c.to.timeZoneId}.`;
  const notes = {
    once: '',
    never: `\nNote: that local time does not exist in ${from.timeZoneId}, the clocks skip it. It was moved on by the length of the gap.`,
    twice: `\nNote: that local time occurs twice in ${from.timeZoneId}, the clocks are put back. The other time: ${other && line(other)}`,
  };
  return {
    text: line(conversion) + notes[occurs],
    values: {
      from: toMoment(from),
      to: toMoment(to),
      difference: difference(conversion),
      occurs,
      ...(other && { other: { from: toMoment(other.from), to: toMoment(other.to) } }),
    },
  };
}
