import { decide } from '../../../policy/decide.ts';
import { isApproved, type KnownTools } from '../../../policy/known-tools.ts';
import { limitsOf } from '../../../policy/limits.ts';
import { type Policy, wildcard } from '../../../policy/policy.ts';
import { type Access, anyArguments } from '../../../policy/request/mcp-request.ts';
import { callConditions } from '../../../policy/review/conditions.ts';
import { groupsThatHelp } from '../../../policy/review/remedy.ts';
import { limitWords, ruleWords, serverWords, timeWords, uiWords } from '../../../policy/review/words.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { CatalogueEntry } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import { isAgent } from '../../access/is-agent.ts';
import { isSet } from '../../servers/server.ts';

const mostGroups = 3;
/** At most this many denied tools of a server are searched for groups that would help. */
const mostDenied = 20;

/**
 * What `person` may do, as the gate decides. Pure.
 * @param shown the servers whose rights are shown
 * @param servers that they see
 * @param known as for `decide`
 */
export function rightsOf(
  policy: Policy,
  person: Person,
  shown: readonly CatalogueEntry[],
  servers: readonly CatalogueEntry[],
  known: KnownTools | undefined,
) {
  const conditionsOf = callConditions(policy, person.scopes, known);
  return {
    isAgent: isAgent(person),
    scopes: person.scopes.map((scope) => scopeRights(policy, person, scope)),
    servers: shown.map((server) => serverRights(policy, person, server, { known, conditionsOf })),
    limits: limitsOf(policy, { ...person, isAgent: isAgent(person) }).map(limitWords),
    ui: (Object.keys(uiWords) as UiPermission[]).map((permission) => uiRights(policy, person, permission, servers)),
  };
}

/** The groups that give the person this scope, and what it grants. */
function scopeRights(policy: Policy, person: Person, scope: string) {
  const rules = policy.source.scopes.get(scope) ?? [];
  return {
    scope,
    groups: person.groups.filter((group) => policy.source.groups.get(group)?.includes(scope)),
    rules: rules.map((rule) => {
      const { at, server, until } = rule;
      const hasEnded = until !== undefined && until <= policy.at;
      return { at, server: serverWords(server), may: ruleWords(rule), hasEnded, until: until && timeWords(until) };
    }),
  };
}

/**
 * What the person may use of one visible server: the last announced tools that they may call, those of them that need something
 * besides (`conditional`), those that they could call if they were approved (`waiting`), and that they may not, whether anything
 * at all is allowed there, and groups that would each permit something that is denied.
 */
function serverRights(
  policy: Policy,
  { scopes }: Person,
  entry: CatalogueEntry,
  { known, conditionsOf }: { known: KnownTools | undefined; conditionsOf: ReturnType<typeof callConditions> },
) {
  const { name, title, enabled, health } = entry;
  const call = (tool: string): Access => ({
    method: 'tools/call',
    object: { kind: 'tool', name: tool },
    arguments: anyArguments,
  });
  const tools = known && { readOnly: known.readOnly };
  const mayCall = (tool: string) => decide(policy, scopes, name, [call(tool)], tools).allowed;
  const all = health.tools.map((tool) => tool.name);
  const denied = all.filter((tool) => !mayCall(tool));
  const connects = decide(policy, scopes, name, [{ method: 'ping' }]).allowed;
  const lacking = denied.slice(0, mostDenied).map(call);
  if (!connects) lacking.push({ method: 'tools/list' });
  const helps = lacking.flatMap((access) =>
    groupsThatHelp(policy, { scopes, server: name, accesses: [access], tools }, mostGroups),
  );
  const granted = all.filter(mayCall);
  const free = granted.filter((tool) => isApproved(known, name, tool));
  const conditional = free.flatMap((tool) => {
    const [words = '', ...more] = conditionsOf(name, tool);
    return words === '' ? [] : [{ tool, words: [words, ...more].join(' or ') }];
  });
  return {
    ...{ name, title, enabled, isSet: isSet(entry), tools: free, conditional, denied, connects },
    waiting: granted.filter((tool) => !isApproved(known, name, tool)),
    helps: [...new Set(helps)].slice(0, mostGroups),
  };
}

/**
 * The servers that one permission in the registry covers (`where`). If it covers none: groups that would give it for a server
 * that the person sees.
 */
function uiRights(policy: Policy, { scopes }: Person, permission: UiPermission, seen: readonly CatalogueEntry[]) {
  const patterns = new Set(scopes.flatMap((scope) => policy.source.ui.get(scope)?.get(permission) ?? []).map(wildcard));
  const where = patterns.has('*') ? [serverWords('*')] : [...patterns].map(serverWords);
  const gives = (held: readonly string[]) => seen.some(({ name }) => mayUseUi(policy, held, permission, name));
  const helps =
    where.length > 0 ? [] : [...policy.source.groups].filter(([, held]) => gives(held)).map(([group]) => group);
  return { permission, words: uiWords[permission], where, helps: helps.slice(0, mostGroups) };
}
