import type { UnusedRight, Usage } from '../../../common/doors/usage.ts';
import { cleaned, inWords, shortDay } from '../shared/format.ts';

/** A server that the reader may see; undefined for others. */
export type Find = (server: string) => { title: string } | undefined;

const longestName = 80;
/** The rights in sight; the others are folded. */
const mostUnused = 10;

/** The rights that were not used, in words; undefined of a shorter span than the longest, which says nothing about a right. */
export function unusedOf({ span, unused, since, from, to }: Usage, find: Find) {
  if (span !== '90d' || since === null) return undefined;
  const now = new Date(to);
  const start = since > from ? `since ${shortDay(new Date(since), now)}` : 'in 90 days';
  const shown = unused.map((right) => shownRight(right, find, start, now));
  return { shown: shown.slice(0, mostUnused), more: shown.slice(mostUnused) };
}

function shownRight({ rule, groups, server, tools, lastUsed }: UnusedRight, find: Find, start: string, now: Date) {
  const known = find(server);
  return {
    rule,
    tools: tools.map((tool) => cleaned(tool, longestName)),
    server: known?.title ?? (isEvery(server) ? 'every server' : server),
    href: known ? `/servers/${server}/access` : '',
    who: groups.length > 0 ? `${inWords(groups)} may` : 'No group has it',
    used: `not used ${start}`,
    last: lastUsed === null ? '' : `; the rule was last used on ${shortDay(new Date(lastUsed), now)}`,
  };
}

const isEvery = (pattern: string) => pattern === '*' || pattern === 'all';
