import * as z from 'zod';

const form = z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })], {
  error: ({ input }) => `must be a time with its offset, such as ${spelled(input)}`,
});

/**
 * When a rule or entry ends: a time with its offset from UTC, so that every reader means the same moment. The output is in
 * milliseconds since 1970.
 */
export const until = form.transform((text) => Date.parse(text));

/** The right spelling: with the day that was written, if there is one. */
function spelled(input: unknown): string {
  const [day] = /^\d{4}-\d\d-\d\d/.exec(String(input)) ?? [];
  const isDay = day !== undefined && z.iso.date().safeParse(day).success;
  return `${isDay ? day : '2026-12-28'}T18:00:00+01:00`;
}
