import * as z from 'zod';
import { nameFault } from '../../policy/names.ts';

/**
 * Text that shows exactly what it contains: no control characters, line breaks, invisible characters, or characters that
 * reverse text. The two joiners are allowed between letters, because Persian and many emoji need them.
 */
const visible = /^$|^(?=.*[\p{L}\p{N}\p{P}\p{S}])(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\u200c\u200d])*$/su;

/** One line of at most `max` characters. */
export const line = (max: number) =>
  z
    .string('must be text')
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .regex(visible, 'must be one line of letters that can be seen, without control characters');

/** The name of a server or a set. */
export const name = z.string('must be a name').superRefine((value, ctx) => {
  const message = nameFault(value);
  if (message) ctx.addIssue({ code: 'custom', message });
});

/** Words to find a server by. */
export const tags = z.array(line(30)).max(20).default([]);
