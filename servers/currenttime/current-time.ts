import * as z from 'zod';
import { addTool, readOnly, type Tools } from '../tool-call.ts';
import { type Clock, momentSchema, toMoment, toText } from './moment.ts';
import { resolveZone, zoneInput } from './zones.ts';

/** Adds the tool `current_time_by_timezone`: the current time in one zone. */
export function registerCurrentTime(tools: Tools, now: Clock): void {
  addTool(
    tools,
    'current_time_by_timezone',
    {
      title: 'Current time in a time zone',
      description:
        'The current date, time, weekday and UTC offset in a time zone, with daylight saving time taken into account.',
      inputSchema: z.object({
        tz_name: zoneInput
          .default('America/New_York')
          .describe(
            'IANA time zone, such as Asia/Tokyo or Europe/Paris; case does not matter. Default: America/New_York',
          ),
      }),
      outputSchema: momentSchema,
      annotations: { ...readOnly, idempotentHint: false },
    },
    ({ tz_name }) => {
      const at = now().toZonedDateTimeISO(resolveZone(tz_name));
      return { text: `${toText(at)} in ${at.timeZoneId}`, values: toMoment(at) };
    },
  );
}
