import { commandLine } from '../../../common/identity/command-line.ts';
import { decide } from '../../../policy/decide.ts';
import { hubName } from '../../../policy/names.ts';
import { type Policy, scopesOfGroups } from '../../../policy/policy.ts';
import { toolsOn } from '../../../policy/review/conditions.ts';

/** What a resource stands for. */
export type ResourceKind = { kind: 'server'; server: string } | { kind: 'all' } | { kind: 'api' } | { kind: 'session' };

/** What a person may do at a resource, and so a client in their name. */
export type Permits = ResourceKind & {
  /** Whether a rule of the policy lets them do anything there, existing or not. */
  any: boolean;
  /** Of a server: names and globs of the tools that they may call; `*` for all, whatever the arguments. */
  tools: readonly string[];
  /** Whether some tools, of `tools` or others, may be called under a condition only. */
  hasConditions: boolean;
};

/** @param resource canonical, as `resourceOf` returns it */
export function kindOfResource(publicUrl: string, resource: string): ResourceKind {
  const path = resource.slice(publicUrl.length);
  if (path === '/mcp') return { kind: 'all' };
  if (path === commandLine.sessionPath) return { kind: 'session' };
  if (path === '/api') return { kind: 'api' };
  return { kind: 'server', server: path.split('/')[1] ?? '' };
}

/**
 * What the policy lets a person in `groups` do at a resource. Whether there is such a server is not looked at: an unknown
 * one and a forbidden one must look the same. Pure.
 */
export function permitsOf(policy: Policy, groups: readonly string[], resource: ResourceKind): Permits {
  const scopes = scopesOfGroups(policy, groups);
  const opens = (name: string) => decide(policy, scopes, name, [{ method: 'initialize' }]).allowed;
  if (resource.kind === 'all') return { ...resource, any: opens(hubName), ...noTools };
  if (resource.kind === 'api') return { ...resource, any: scopes.some((scope) => policy.ui.has(scope)), ...noTools };
  // Everyone who can sign in may have a session, in a browser too.
  if (resource.kind === 'session') return { ...resource, any: true, ...noTools };
  const { server } = resource;
  const any = opens(server);
  const { plain, conditional } = toolsOn(policy, scopes, server);
  const named = conditional.map(({ name }) => name).filter((name) => name !== '*');
  return { ...resource, any, tools: [...new Set([...plain, ...named])], hasConditions: conditional.length > 0 };
}

const noTools = { tools: [], hasConditions: false };
