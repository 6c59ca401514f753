import type { PolicySource, Rule } from '../../../policy/policy.ts';
import type { Access } from '../../../policy/request/mcp-request.ts';
import { kindsOf, lifecycle, methods } from '../../../policy/request/methods.ts';

/** Resource URIs that are under each prefix that they start with, and others that are not. Written down, not computed. */
export const plainUris = [
  'file:///data/a.txt',
  'file:///data/',
  'file:///data/%E6%96%87%20a',
  'file:///etc/passwd',
  'http://host/a?b=c#d',
  'http://HOST/a',
  'FILE:///data/a',
  'data/a',
  'x:y',
];
export const trickyUris = [
  'file:///data/../etc/passwd',
  'file:///data/%2e%2E/etc',
  'file:///data/a%2fb',
  'file:///data/a%5Cb',
  'file:///data\\..\\etc',
  'file:///data/?/../../etc/passwd',
  'file:///data/#/../../etc/passwd',
  'file:///data//etc/passwd',
  'file:///data/%252e%252e/etc',
  'http://user@host/a',
  'http://:pw@host/a',
  'all',
  '',
];

export type Verdict = 'allowed' | 'no_scope' | 'unknown_method' | `${'server' | 'method' | 'object'}_not_allowed`;

/**
 * The answer that `decide` should give, computed slowly: by every rule of every held scope, as written in the file.
 * @returns the verdict on the first access that is denied, and which one that is
 */
export function slowlyDecide(
  source: PolicySource,
  scopes: readonly string[],
  server: string,
  accesses: readonly Access[],
): { verdict: Verdict; denied?: Access } {
  const rules = scopes.flatMap((scope) => source.scopes.get(scope) ?? []);
  for (const access of accesses) {
    const verdict = scopes.length === 0 ? 'no_scope' : verdictOn(rules, server, access);
    if (verdict !== 'allowed') return { verdict, denied: access };
  }
  return { verdict: 'allowed' };
}

/** Whether this one rule alone allows this one access. */
export function allows(rule: Rule, server: string, access: Access): boolean {
  return verdictOn([rule], server, access) === 'allowed';
}

function verdictOn(rules: readonly Rule[], server: string, access: Access): Verdict {
  const { method } = access;
  const onServer = rules.filter((rule) => covers(rule.server, server));
  if (onServer.length === 0) return 'server_not_allowed';
  if (lifecycle.has(method)) return 'allowed';
  const isOfMcp = methods.has(method);
  const names = (pattern: string) => (isOfMcp ? covers(pattern, method) : namesExtension(pattern, method));
  const withMethod = onServer.filter((rule) => rule.methods.some(names));
  if (withMethod.length === 0) return isOfMcp ? 'method_not_allowed' : 'unknown_method';
  return withMethod.some((rule) => grantsObject(rule, access)) ? 'allowed' : 'object_not_allowed';
}

/** A method of an extension is granted by its name, and the two known ones of skills also by their namespace. */
function namesExtension(pattern: string, method: string): boolean {
  if (method === 'skills/list' || method === 'skills/get')
    return pattern === method || (/^skills\/(\*|[lg].*\*)$/.test(pattern) && covers(pattern, method));
  const isSpeltLike = [...methods.keys(), ...lifecycle].some((known) => known.toLowerCase() === method.toLowerCase());
  return pattern === method && method.includes('/') && !isSpeltLike;
}

function grantsObject(rule: Rule, { method, object }: Access): boolean {
  const kinds = kindsOf(method);
  if (!object) return kinds.length === 0 || method === 'subscriptions/listen';
  if (!kinds.includes(object.kind)) return false;
  if (object.kind === 'tool') return rule.tools.some((pattern) => covers(pattern, object.name));
  if (object.kind === 'prompt') return rule.prompts.some((pattern) => covers(pattern, object.name));
  const tricky = trickyUris.includes(object.name);
  return rule.resources.some((p) => (tricky && !isAll(p) ? p === object.name : covers(p, object.name)));
}

function isAll(pattern: string): boolean {
  return pattern === 'all' || pattern === '*';
}

function covers(pattern: string, name: string): boolean {
  if (isAll(pattern)) return true;
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
