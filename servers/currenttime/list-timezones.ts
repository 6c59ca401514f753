import * as z from 'zod';
import { addTool, readOnly, type Tools } from '../tool-call.ts';
import { type Clock, momentSchema } from './moment.ts';
import { findZones } from './zones.ts';

const listInput = z.object({
  filter: z
    .string()
    .max(100)
    .default('')
    .describe('part of a name, such as "europe/" or "new york", or a current UTC offset, such as +05:30; empty: all'),
  limit: z.int().min(1).max(500).default(50).describe('the most zones to return'),
});

/** Adds the tool `list_timezones`, with the offsets and local times at `now`. */
export function registerListTimezones(tools: Tools, now: Clock): void {
  addTool(
    tools,
    'list_timezones',
    {
      title: 'List time zones',
      description: 'IANA time zones that fit a text, with their current UTC offset and local time.',
      inputSchema: listInput,
      outputSchema: z.object({
        timezones: z.array(momentSchema.pick({ timezone: true, datetime: true, utc_offset: true })),
        total: z.int().describe('the number of all fitting zones'),
      }),
      annotations: { ...readOnly, idempotentHint: false },
    },
    ({ filter, limit }) => {
      const found = findZones(filter, now());
      const timezones = found.slice(0, limit).map(({ zone, at }) => ({
        timezone: zone,
        datetime: at.toString({ timeZoneName: 'never', smallestUnit: 'second' }),
        utc_offset: at.offset,
      }));
      return { text: listText(timezones, found.length), values: { timezones, total: found.length } };
    },
  );
}

function listText(shown: readonly { timezone: string; datetime: string; utc_offset: string }[], total: number): string {
  if (total === 0) return 'No time zone fits. Try part of a city or region name, or an offset such as +05:30.';
  const head =
    shown.length < total ? `${shown.length} of ${total} time zones that fit:` : `Time zones that fit: ${total}`;
  const lines = shown.map(
    (z) => `${z.timezone} (UTC${z.utc_offset}), now ${z.datetime.slice(0, 16).replace('T', ' ')}`,
  );
  return [head, ...lines].join('\n');
}
