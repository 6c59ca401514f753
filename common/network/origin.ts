import * as z from 'zod';

/**
 * Reads an absolute http or https URL that has no path, query, fragment or user name.
 * @returns its origin (`http://host:port`), or undefined if the text is anything else
 */
export function parseOrigin(text: string): string | undefined {
  const url = URL.parse(text.trim());
  const isOrigin =
    url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash && !url.username;
  return isOrigin ? url.origin : undefined;
}

/** Text that {@link parseOrigin} accepts; the output is the origin. */
export const origin = z.string().transform((text, ctx) => {
  const parsed = parseOrigin(text);
  if (parsed !== undefined) return parsed;
  ctx.addIssue('must be an http or https URL without a path, such as http://localhost:8080');
  return z.NEVER;
});
