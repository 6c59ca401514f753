import * as z from 'zod';
import { name, pattern, patterns } from './names.ts';

const windows = { minute: 60, hour: 3600, day: 86_400 } as const;
const most = 1_000_000_000;

/** One entry of the section `limits`. */
export const limit = z
  .strictObject({
    who: z.array(name, 'must be a list of groups or scopes').min(1, 'must name a group or scope').optional(),
    server: pattern.default('*'),
    tools: patterns.refine((names) => names.length > 0, 'must name a tool, or be left out for all').default(['*']),
    calls: z
      .int('must be a whole number')
      .min(1, 'must be at least 1: a rule that is not there allows no call')
      .max(most, `must be at most ${most}`),
    per: z.enum(['minute', 'hour', 'day'], 'must be minute, hour or day'),
  })
  .transform(({ per, ...rest }) => ({ ...rest, seconds: windows[per] }));
