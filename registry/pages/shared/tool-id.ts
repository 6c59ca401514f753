import { digest } from './digest.ts';

/** The `id` of a tool's element on its server's page. Its name may hold anything, so only a plain one is part of it. */
export function toolId(name: string): string {
  return `tool-${/^[\w.-]{1,128}$/.test(name) ? name : digest(name)}`;
}
