import { type Limit, type Policy, wildcard } from './policy.ts';
import { fold } from './request/request-hygiene.ts';

/** Whom limits are looked up for, with all groups or scopes that they claim: a limit may name one that grants nothing. */
export interface LimitedCaller {
  isAgent: boolean;
  /** Groups of a person. */
  groups: readonly string[];
  /** Scopes of an agent. A person's scopes follow from their groups, and no limit counts by them. */
  scopes: readonly string[];
}

const none: readonly Limit[] = [];

/** The limits of the policy that count for a caller, wherever they call. Pure. */
export function limitsOf({ source: { limits } }: Policy, caller: LimitedCaller): readonly Limit[] {
  if (limits.length === 0) return none;
  const held = caller.isAgent ? caller.scopes : caller.groups;
  return limits.filter(({ who }) => who === undefined || who.some((name) => held.includes(name)));
}

/**
 * Whether a call of `tool` on `server` counts for a limit: also by another spelling of the name, which a careless server takes for the
 * same tool. Pure.
 */
export function counts(limit: Limit, server: string, tool: string): boolean {
  if (!isMatch(limit.server, server)) return false;
  if (limit.tools.some((pattern) => isMatch(pattern, tool))) return true;
  const name = spelledAlike(tool);
  return patternsAlike(limit).some((pattern) => isMatch(pattern, name));
}

/** One text for names that differ in the case of letters, in their form, or in spaces and what is not seen. */
function spelledAlike(name: string): string {
  return fold(name.normalize('NFKC')).replace(/[\s\p{C}\p{Default_Ignorable_Code_Point}]/gu, '');
}

const known = new WeakMap<Limit, readonly string[]>();

function patternsAlike(limit: Limit): readonly string[] {
  const patterns = known.get(limit) ?? limit.tools.map(spelledAlike);
  known.set(limit, patterns);
  return patterns;
}

/** The limits that count for one call. All of them must have room: the order of the file does not matter. Pure. */
export function limitsFor(policy: Policy, caller: LimitedCaller, server: string, tool: string): readonly Limit[] {
  const own = limitsOf(policy, caller);
  return own.length === 0 ? none : own.filter((limit) => counts(limit, server, tool));
}

/**
 * Names what a limit counts: limits that count the same share one count, for all callers and however many calls they allow.
 * So a count goes on when a limit is raised or moved in the file.
 */
export function counterOf({ server, tools, seconds }: Limit): string {
  const names = [...new Set(tools.map(wildcard))].sort();
  return JSON.stringify([wildcard(server), names, seconds]);
}

function isMatch(pattern: string, name: string): boolean {
  const whole = wildcard(pattern);
  return whole.endsWith('*') ? name.startsWith(whole.slice(0, -1)) : whole === name;
}
