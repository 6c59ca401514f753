import { decide } from '../../../../policy/decide.ts';
import type { KnownTools } from '../../../../policy/known-tools.ts';
import { type Policy, type Rule, wildcard } from '../../../../policy/policy.ts';
import { covers } from '../../../../policy/review/rule-shape.ts';
import { exactTime, inWords } from '../../shared/format.ts';
import { reachOf } from '../shared/reach.ts';

/** What one group or agent may do on one server, as the matrix shows it. */
export interface Cell {
  level: 'full' | 'half' | 'none';
  /** In the cell: `all`, `6 of 12`, `opens it`; empty for nothing. */
  says: string;
  /** In the cell's title and for screen readers. */
  words: string;
  ends: boolean;
}

export interface CellInput {
  policy: Policy;
  known: KnownTools;
  scopes: readonly string[];
  server: { name: string; isSet: boolean };
  /** The tools that count. */
  tools: readonly string[];
  now: number;
}

/** A name that no rule names: what is said of it is said of tools that come later. */
const anyOther = 'x-any-other-tool';
const nothing: Cell = { level: 'none', says: '', words: 'nothing', ends: false };

/** The cell of one group or agent and one server. Pure. */
export function cellOf(input: CellInput): Cell {
  const { policy, known, scopes, server, tools, now } = input;
  if (!decide(policy, scopes, server.name, [{ method: 'initialize' }]).allowed) return nothing;
  const end = endOn(policy, scopes, server.name, now);
  const ending = end === undefined ? '' : `; the first of it ends ${exactTime(new Date(end)).slice(0, 16)} UTC`;
  const cell = (level: Cell['level'], says: string, words: string): Cell => {
    return { level, says, words: words + ending, ends: end !== undefined };
  };
  if (server.isSet) return cell('full', 'opens it', 'may open the set');
  const reach = reachOf(policy, scopes, server.name, known);
  const isOpen = reach(anyOther) === 'all';
  if (isOpen) return cell('full', 'all', 'all tools, later ones too');
  const [all, some] = [[] as string[], [] as string[]];
  for (const name of tools) {
    const may = reach(name);
    if (may !== 'none') (may === 'all' ? all : some).push(name);
  }
  const count = all.length + some.length;
  if (count === 0) return { ...nothing, words: 'no tool' };
  const words = [
    ...(all.length > 0 ? [`${all.length} of ${tools.length} tools: ${inWords(all)}`] : []),
    ...(some.length > 0 ? [`with limits or an approval ${inWords(some)}`] : []),
  ].join('; ');
  const isFull = all.length === tools.length;
  return cell(isFull ? 'full' : 'half', isFull ? 'all' : `${count} of ${tools.length}`, words);
}

/** When the first rule or entry for a server ends, of those that have not ended; undefined if none does. Pure. */
function endOn(policy: Policy, scopes: readonly string[], server: string, now: number): number | undefined {
  const ends = scopes
    .flatMap((scope) => policy.source.scopes.get(scope) ?? [])
    .filter((rule) => covers(rule.server, server))
    .flatMap(endsOf)
    .filter((end) => end > now);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** All ends of a rule and its entries, in milliseconds since 1970. */
function endsOf({ until, toolRules }: Rule): number[] {
  return [until, ...toolRules.map((entry) => entry.until)].filter((end) => end !== undefined);
}

/** The names and patterns of servers of rules that end by themselves. Pure. */
export function endingServers({ source }: Policy, now: number): string[] {
  const rules = [...source.scopes.values()].flat().filter((rule) => endsOf(rule).some((end) => end > now));
  return rules.map(({ server }) => wildcard(server));
}

/** A rule, or an entry of one, that ends soon. */
export interface EndingSoon {
  server: string;
  /** Groups that have it; the scope if no group does. */
  who: readonly string[];
  at: Date;
}

const soon = 3 * 86_400_000;

/** What ends by itself within three days, the next first. Pure. */
export function endingSoon({ source }: Policy, now: number): EndingSoon[] {
  const holders = (scope: string) =>
    [...source.groups].filter(([, scopes]) => scopes.includes(scope)).map(([name]) => name);
  const found = [...source.scopes].flatMap(([scope, rules]) =>
    rules.flatMap((rule) => {
      const ends = endsOf(rule).filter((end) => end > now && end <= now + soon);
      const groups = holders(scope);
      return ends.length === 0
        ? []
        : [{ server: rule.server, who: groups.length > 0 ? groups : [scope], at: new Date(Math.min(...ends)) }];
    }),
  );
  return found.toSorted((a, b) => a.at.getTime() - b.at.getTime());
}
