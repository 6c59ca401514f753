import { expandMethods, type Rule, wildcard } from '../../../policy/policy.ts';
import type { UiPermission } from '../../../policy/ui.ts';

/** What each permission allows in the registry, in the order of the page. */
export const uiWords: Readonly<Record<UiPermission, string>> = {
  list_service: 'See a server, its tools and its health',
  register_service: 'Register a server of that name',
  health_check_service: 'Check it now',
  toggle_service: 'Enable and disable it',
  modify_service: 'Edit and delete it, and approve changed tools',
  view_audit: 'See how it is used, and the decisions of the gateway about requests for it',
  export_audit: 'Export the records of these decisions as a file',
  view_people: 'See who has access and through what (for every server only)',
  end_access: 'End the access of other people (for every server only)',
  edit_policy: 'Change the policy (for every server only)',
};

/** `every server`, `servers that begin with "team-"`, or the name. */
export function serverWords(pattern: string): string {
  const name = wildcard(pattern);
  if (name === '*') return 'every server';
  return name.endsWith('*') ? `servers that begin with “${name.slice(0, -1)}”` : name;
}

/** What a rule allows, as a list of activities. Pure. */
export function ruleWords(rule: Rule): string[] {
  const methods = expandMethods(rule.methods);
  const any = (...names: string[]) => names.some((name) => methods.has(name));
  const words = ['connect'];
  if (any('tools/list')) words.push('list the tools that may be called');
  if (any('tools/call')) words.push(objects('call', 'tool', rule.tools));
  if (any('prompts/list')) words.push('list prompts');
  if (any('prompts/get')) words.push(objects('use', 'prompt', rule.prompts));
  if (any('resources/list', 'resources/templates/list')) words.push('list resources');
  if (any('resources/read')) words.push(objects('read', 'resource', rule.resources));
  if (any('resources/subscribe', 'subscriptions/listen')) words.push('be told of changes');
  if (any('completion/complete')) words.push('get completions');
  if ([...methods].some((method) => method.startsWith('tasks/'))) words.push('use tasks of their own');
  return words;
}

function objects(verb: string, noun: string, patterns: readonly string[]): string {
  const names = patterns.map(wildcard);
  if (names.length === 0) return `${verb} no ${noun}`;
  if (names.includes('*')) return `${verb} every ${noun}`;
  return `${verb} the ${noun}${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}
