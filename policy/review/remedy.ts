import { type Decision, decide } from '../decide.ts';
import type { KnownTools } from '../known-tools.ts';
import { Patterns } from '../patterns/patterns.ts';
import { type Policy, type Rule, wildcard } from '../policy.ts';
import type { Access } from '../request/mcp-request.ts';
import { mayUseUi } from '../ui.ts';

/** A request that `decide` has denied, and the caller's scopes. */
export interface Denied {
  scopes: readonly string[];
  server: string;
  accesses: readonly [Access, ...Access[]];
  /** As for `decide`; approvals of the registry do not count. */
  tools?: KnownTools | undefined;
}

/** A possible grant: a scope, or a group with its scopes. A lower rank has less power. */
interface Option {
  name: string;
  scopes: readonly string[];
  rank: number;
}

/** The options by the servers that their rules name, least power first. */
type Options = Record<'scopes' | 'groups', Patterns<Option[]>>;

const longestName = 1024;
const mostAccesses = 16;
/** Maximum number of scopes to try, so that a denied request cannot keep the auth-server busy. */
const mostLooks = 200;
/** Each look judges the arguments of a call. With so many values in them it counts twice. */
const valuesInLook = 500;

/**
 * A custom scope of Cognito, `identifier/name` (Amazon Cognito API, `ResourceServerType`, `ResourceServerScopeType`):
 * characters of a scope token (RFC 6749 section 3.3), which need no escape in a quoted header value.
 */
const customScope = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}\/[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]{1,256}$/;

/**
 * Returns the scope that an agent lacks: together with the scopes it holds, `decide` would allow the whole request. Of
 * several, it prefers a scope of a resource server that the agent already uses (its app client most likely has it), then
 * the least powerful one, then the first in the file. Power counts rules for servers by glob, then other globs, then
 * names. Pure.
 * @returns undefined if no scope of the pool's helps, or the caller may not know the server
 */
export function scopeThatHelps(policy: Policy, denied: Denied): string | undefined {
  const resourceServers = new Set(denied.scopes.map(resourceServerOf));
  let first: string | undefined;
  for (const { name } of helpful(policy, 'scopes', denied)) {
    if (resourceServers.has(resourceServerOf(name))) return name;
    first ??= name;
  }
  return first;
}

/**
 * Returns the groups that a person could join: each of them, together with what the person holds, would allow the whole
 * request, or allow it after an approval if the person may not even have that. The least powerful comes first, and those with
 * an approval last; at most `most` groups. Pure.
 */
export function groupsThatHelp(policy: Policy, denied: Denied, most: number): string[] {
  const names = helpful(policy, 'groups', denied).map(({ name }) => name);
  return names.take(most).toArray();
}

function* helpful(policy: Policy, kind: keyof Options, denied: Denied): Generator<Option> {
  const { scopes, server, accesses } = denied;
  const tools = denied.tools && { readOnly: denied.tools.readOnly };
  if (accesses.length > mostAccesses || accesses.some(({ object }) => (object?.name.length ?? 0) > longestName)) return;
  if (!mayKnow(policy, scopes, server)) return;
  const verdict = (held: readonly string[], asked: Denied['accesses']) => decide(policy, held, server, asked, tools);
  const [first, ...rest] = accesses.filter((access) => !verdict(scopes, [access]).allowed);
  if (!first) return;
  const isHeld = accesses.every((access) => isAllowedAfterApproval(verdict(scopes, [access])));
  const holding: Option[] = [];
  let looks = 0;
  const values = accesses.reduce((sum, access) => sum + valuesIn(access.arguments), 0);
  const weight = 1 + Math.floor(values / valuesInLook);
  for (const option of weakestFirst(optionsOf(policy)[kind].matching(server))) {
    looks += option.scopes.length * (rest.length + 1) * weight;
    if (looks > mostLooks) break;
    const decision = verdict(option.scopes, [first, ...rest]);
    if (decision.allowed) yield option;
    else if (!isHeld && [first, ...rest].every((access) => isAllowedAfterApproval(verdict(option.scopes, [access]))))
      holding.push(option);
  }
  // They help too, but each call waits for a person.
  yield* holding;
}

/** How many values there are in arguments. A body has 64 levels at most. */
function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + valuesIn(each), 1);
}

function isAllowedAfterApproval(decision: Decision): boolean {
  return decision.allowed || decision.reason === 'approval_needed';
}

/** Removes duplicates: a scope may name the server both by name and by glob. */
function weakestFirst(found: Iterable<readonly Option[]>): readonly Option[] {
  return [...new Set([...found].flat())].sort((a, b) => a.rank - b.rank);
}

/** Whether a caller has a rule for a server or sees it in the registry. Others must not learn of it, nor who has access. Pure. */
export function mayKnow(policy: Policy, scopes: readonly string[], server: string): boolean {
  const hasRule = decide(policy, scopes, server, [{ method: 'ping' }]).allowed;
  return hasRule || mayUseUi(policy, scopes, 'list_service', server);
}

const compiled = new WeakMap<Policy, Options>();

/** Built once per policy, at its first denial: later denials skip the rules for other servers. */
function optionsOf(policy: Policy): Options {
  const known = compiled.get(policy);
  if (known) return known;
  const { scopes, groups } = policy.source;
  const ofPool = [...scopes.keys()].filter((scope) => customScope.test(scope));
  const scopesByName = ofPool.map((scope): [string, string[]] => [scope, [scope]]);
  const options = { scopes: index(policy, scopesByName), groups: index(policy, [...groups]) };
  compiled.set(policy, options);
  return options;
}

function index(policy: Policy, named: readonly [name: string, scopes: readonly string[]][]): Patterns<Option[]> {
  const servers = new Patterns<Option[]>();
  const weighed = named.map(([name, all]) => {
    const scopes = [...new Set(all)].filter((scope) => policy.scopes.has(scope));
    const rules = scopes.flatMap((scope) => policy.source.scopes.get(scope) ?? []);
    return { name, scopes, rules, power: powerOf(rules) };
  });
  weighed.sort((a, b) => a.power[0] - b.power[0] || a.power[1] - b.power[1] || a.power[2] - b.power[2]);
  weighed.forEach(({ name, scopes, rules }, rank) => {
    const option: Option = { name, scopes, rank };
    for (const server of new Set(rules.map((rule) => wildcard(rule.server)))) {
      servers.at(server, () => []).push(option);
    }
  });
  return servers;
}

function powerOf(rules: readonly Rule[]): [serverGlobs: number, otherGlobs: number, all: number] {
  const isGlob = (pattern: string) => wildcard(pattern).endsWith('*');
  const others = rules.flatMap(({ methods, tools, toolRules, prompts, resources }) => {
    // A tool with a condition counts like a name: there is less that it grants.
    return [methods, tools, prompts, resources, toolRules.map(() => 'name')].flat();
  });
  // All, not names alone: ranks are compared by this only when the numbers of globs are equal.
  return [rules.filter(({ server }) => isGlob(server)).length, others.filter(isGlob).length, others.length];
}

function resourceServerOf(scope: string): string {
  return scope.slice(0, scope.lastIndexOf('/'));
}
