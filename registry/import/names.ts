import { isServerName } from '../../policy/names.ts';
import { isFixedName } from '../servers/names.ts';

/** Words that say what every server is. Alone they name none: `com.stripe/mcp`. */
export const anyServer =
  /^(?:(?:remote|official|public|api|http|the)[-_.]?)*(?:mcp|server|mcp[-_.]?server|server[-_.]?mcp|mcp[-_.]?remote)$/;

/**
 * Names for a published server, the shortest that says something first: `io.github.owner/Name.of-it` → `name-of-it`,
 * `owner-name-of-it`, `io-github-owner-name-of-it`; `com.stripe/mcp` → `stripe-mcp`, `com-stripe-mcp`.
 * @param published such as `io.github.owner/name`
 * @returns at least one; an unusable one if there is no other
 */
export function namesOf(published: string): readonly [string, ...string[]] {
  const [domain = '', own = ''] = published.toLowerCase().split('/');
  const long = plainName(`${domain.split('.').at(-1)}-${own}`);
  const whole = plainName(`${domain}-${own}`);
  const all = [...(anyServer.test(own) ? [] : [plainName(own)]), long, whole];
  const [first, ...others] = all.filter((name) => isServerName(name) && !isFixedName(name));
  return first === undefined ? [long] : [first, ...others];
}

/** Makes a name of any text: lower case, and a hyphen for each run of other characters. It may be empty. */
export function plainName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/_{2,}/g, '_')
    .replace(/^[_-]+/, '')
    .slice(0, 63)
    .replace(/[_-]+$/, '');
}

/** The first of the names that is free; with a number behind the last one if none is. */
export function freeName(names: readonly [string, ...string[]], isTaken: (name: string) => boolean): string {
  const free = names.find((name) => !isTaken(name));
  if (free !== undefined) return free;
  const last = names.at(-1) ?? names[0];
  for (let number = 2; ; number++) {
    const name = `${last.slice(0, 60)}-${number}`;
    if (!isTaken(name)) return name;
  }
}
