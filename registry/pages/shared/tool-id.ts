import { createHash } from 'node:crypto';
import { digest } from './digest.ts';

/** The `id` of a tool's element on its server's page. Its name may hold anything, so only a plain one is part of it. */
export function toolId(name: string): string {
  return `tool-${/^[\w.-]{1,128}$/.test(name) ? name : digest(name)}`;
}

/**
 * The segment that names a tool in an address. The gate accepts no `%` in paths, so a name with other characters is named by
 * its hash after a `~`, which begins no plain one.
 */
export function toolSegment(name: string): string {
  if (/^\w[\w.-]{0,127}$/.test(name)) return name;
  return `~${createHash('sha256').update(name).digest('base64url').slice(0, 22)}`;
}
