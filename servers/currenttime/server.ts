import type { Express } from 'express';
import type { Logger } from '../../common/service/log.ts';
import { bundledApp } from '../mcp-app.ts';
import { registerConvertTime } from './convert-time.ts';
import { registerCurrentTime } from './current-time.ts';
import { registerListTimezones } from './list-timezones.ts';
import type { Clock } from './moment.ts';

const instructions =
  'Tells the time. current_time_by_timezone: what time it is in a zone. convert_time: what a local time in one zone is in another, with daylight saving time. list_timezones: finds the IANA name of a zone.';

/**
 * The currenttime server over HTTP, not yet listening.
 * @param now read once per call
 */
export function createApp(log: Logger, now: Clock): Express {
  return bundledApp('currenttime', log, instructions, (server) => {
    const tools = { server, log };
    registerCurrentTime(tools, now);
    registerConvertTime(tools, now);
    registerListTimezones(tools, now);
  });
}
