import {
  type Approvers,
  type ArgumentRule,
  expandMethods,
  type Limit,
  type Rule,
  type ToolRule,
  wildcard,
} from '../policy.ts';
import type { ObjectKind } from '../request/methods.ts';
import type { UiPermission } from '../ui.ts';
import type { Difference } from './compare/difference.ts';
import type { Condition } from './compare/side.ts';
import { listOf } from './rule-shape.ts';
import type { Sample } from './universe.ts';

/** Values or names in one list of words. */
const mostListed = 20;

/** What each permission allows in the registry. */
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

/** `every tool`, or the names and globs. */
export function toolsWords(patterns: readonly string[]): string {
  const names = patterns.map(wildcard);
  return names.includes('*') ? 'every tool' : listed(names, 'or');
}

/** What a rule allows, as a list of activities. Each of its tools with a condition stands by itself. Pure. */
export function ruleWords(rule: Rule): string[] {
  const methods = expandMethods(rule.methods);
  const any = (...names: string[]) => names.some((name) => methods.has(name));
  const words = ['connect'];
  if (any('tools/list')) words.push('list the tools that may be called');
  if (any('tools/call')) {
    if (rule.tools.length > 0 || rule.toolRules.length === 0) words.push(objects('call', 'tool', rule.tools));
    words.push(...rule.toolRules.map((tool) => `call ${toolRuleWords(tool)}`));
  }
  if (any('prompts/list')) words.push('list prompts');
  if (any('prompts/get')) words.push(objects('use', 'prompt', rule.prompts));
  if (any('resources/list', 'resources/templates/list')) words.push('list resources');
  if (any('resources/read')) words.push(objects('read', 'resource', rule.resources));
  if (any('resources/subscribe', 'subscriptions/listen')) words.push('be told of changes');
  if (any('completion/complete')) words.push('get completions');
  if ([...methods].some((method) => method.startsWith('tasks/'))) words.push('use tasks of their own');
  return words;
}

/** What a rule names of one kind: names and globs, and each tool with its condition. */
export function namesOf(rule: Rule, kind: ObjectKind): string[] {
  return kind === 'tool' ? [...rule.tools, ...rule.toolRules.map(toolRuleWords)] : [...rule[listOf[kind]]];
}

/** `create_issue, when repo is acme/support`; `every tool, if a person approved it as read-only`. */
export function toolRuleWords(rule: ToolRule): string {
  const name = rule.pattern === undefined ? 'every tool' : toolsWords([rule.pattern]);
  const condition = conditionWords(rule);
  return condition === '' ? name : `${name}, ${condition}`;
}

/**
 * What has to hold for a call, from what it is to when it ends: `when repo is acme/support and amount is at most 100, with no
 * other arguments, after approval by a person in ops, until 2026-12-28 17:00 UTC`.
 * @returns an empty text if nothing has to
 */
export function conditionWords({ hint, arguments: rules, only, approve, until }: Condition): string {
  return [
    ...(hint === undefined ? [] : ['if a person approved it as read-only']),
    ...(rules.length === 0 ? [] : [`when ${rules.map(argumentWords).join(' and ')}`]),
    ...(only ? [`with no ${rules.length === 0 ? '' : 'other '}arguments`] : []),
    ...(approve === undefined ? [] : [`after approval by ${approverWords(approve)}`]),
    ...(until === undefined ? [] : [untilWords(until)]),
  ].join(', ');
}

/** `repo is acme/support`, `amount is from 1 to 100`; `labels, if given, is bug or question, or an empty list`. */
function argumentWords({ name, values, min, max, optional, empty }: ArgumentRule): string {
  const range = rangeWords(min, max);
  const what = [...(values ?? []).map(valueWords), ...(range === undefined ? [] : [range])];
  const given = optional ? `${name}, if given,` : name;
  const is = what.length === 0 ? (optional ? 'is anything' : 'is given') : `is ${listed(what, 'or')}`;
  return `${given} ${is}${empty ? ', or an empty list' : ''}`;
}

function rangeWords(min: number | undefined, max: number | undefined): string | undefined {
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? undefined : `at most ${max}`;
}

function valueWords(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  if (value === '*') return 'any text';
  if (value.endsWith('*')) return `text that begins with ${quoted(value.slice(0, -1))}`;
  return quoted(value);
}

/** In quotes if it could be read as a number, a boolean, or as words of the sentence. */
function quoted(text: string): string {
  const isPlain = /^[\w./:@+#-]+$/.test(text) && !/^(?:true|false|null|or|and|from|text|any|[\d.+-].*)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

/** `the caller`, `a person in ops or security`, or both. */
export function approverWords({ person, groups }: Approvers): string {
  const of = groups.length === 0 ? [] : [`a person in ${listed(groups, 'or')}`];
  return [...(person ? ['the caller'] : []), ...of].join(' or ') || 'no one';
}

/** `until 2026-12-28 17:00 UTC`; seconds only if there are any. @param until in milliseconds since 1970 */
export function untilWords(until: number): string {
  return `until ${timeWords(until)}`;
}

/** A time in UTC. @param time in milliseconds since 1970 */
export function timeWords(time: number): string {
  const text = new Date(time).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, text.slice(17, 19) === '00' ? 16 : 19)} UTC`;
}

/** `an hour`, as the end of "100 calls". */
export const perWords: Readonly<Record<Limit['seconds'], string>> = {
  60: 'a minute',
  3600: 'an hour',
  86400: 'a day',
};

/** `100 calls of create_issue or delete_* on github an hour`. */
export function limitWords({ calls, seconds, server, tools }: Omit<Limit, 'at' | 'who'>): string {
  const number = `${calls} ${calls === 1 ? 'call' : 'calls'}`;
  return `${number} of ${toolsWords(tools)} on ${serverWords(server)} ${perWords[seconds]}`;
}

function objects(verb: string, noun: string, patterns: readonly string[]): string {
  const names = patterns.map(wildcard);
  if (names.length === 0) return `${verb} no ${noun}`;
  if (names.includes('*')) return `${verb} every ${noun}`;
  return `${verb} the ${noun}${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}

/** `a`, `a or b`, `a, b or c`; of a long list the first, and how many more there are. */
export function listed(words: readonly string[], last: 'and' | 'or'): string {
  const more = words.length - mostListed;
  const shown = more > 0 ? [...words.slice(0, mostListed), `${more} more`] : words;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} ${last} ${shown.at(-1)}`;
}

/** Samples of names as words; a full set becomes one "every". */
export function sampleWords(samples: readonly Sample[], all: readonly Sample[], noun: string): string[] {
  if (samples.length === all.length) return [`every ${noun}`];
  return samples.map(({ label }) => label ?? `any other ${noun}`);
}

/** A difference on one line: `support gains tools/call create_issue on github, when repo is acme/support`. */
export function differenceLine({ who, change, what, server, condition, instead }: Difference): string {
  const other = instead && `; ${change === 'gains' ? 'so far' : 'still'} ${instead}`;
  return `${who} ${change} ${what} on ${server}${condition && `, ${condition}`}${other}`;
}

/**
 * A difference as a sentence, people first: `3 people in support may now call create_issue on github, when repo is
 * acme/support.`
 * @param people how the sentence names them; by default by the group or the scope
 */
export function differenceSentence(difference: Difference, people = peopleOf(difference)): string {
  const { change, what, server, condition, instead } = difference;
  const may = change === 'gains' ? 'may now' : 'may no longer';
  const other = instead && (change === 'gains' ? `; so far ${instead}` : `; they still may ${instead}`);
  return `${people} ${may} ${doing(what)} on ${server}${condition && `, ${condition}`}${other}.`;
}

function peopleOf({ kind, who }: Difference): string {
  return kind === 'person' ? `People in ${who}` : `Agents with the scope ${who}`;
}

const verbs: readonly [start: string, verb: string][] = [
  ['tools/call ', 'call '],
  ['prompts/get ', 'use the prompt '],
  ['resources/read ', 'read '],
  ['tools/list', 'list tools'],
  ['prompts/list', 'list prompts'],
  ['resources/list', 'list resources'],
  ['connecting ', 'connect '],
  ['approving ', 'approve '],
  ['calls of ', 'make calls of '],
];

function doing(what: string): string {
  const [start, verb] = verbs.find(([method]) => what.startsWith(method)) ?? ['', 'use '];
  return verb + what.slice(start.length);
}
