import type { Caller } from '../../policy/caller.ts';
import type { Decision } from '../../policy/decide.ts';
import { isServerName } from '../../policy/names.ts';
import { type Access, unknownArguments } from '../../policy/request/mcp-request.ts';
import { denialWords, type Explanation, type RuleExplanation, type RuleOutcome } from '../../policy/review/explain.ts';
import { listOf } from '../../policy/review/rule-shape.ts';
import { approverWords, namesOf, timeWords } from '../../policy/review/words.ts';
import type { VersionedPolicy } from './files.ts';

/** Everything that the answer to one question shows. */
export interface Answer {
  file: string;
  policy: VersionedPolicy;
  caller: Caller;
  notes: readonly string[];
  server: string;
  access: Access;
  explanation: Explanation;
}

/** The answer for people: the verdict in the first line, then groups and scopes, then each rule. */
export function asText(answer: Answer): string {
  const { caller, explanation, file, policy } = answer;
  const width = Math.max(0, ...explanation.scopes.flatMap(({ rules }) => rules.map(({ rule }) => rule.at.length)));
  return [
    verdict(answer),
    `  by version ${policy.version} of ${file}`,
    ...notesOf(answer).map((note) => `  note: ${note}`),
    '',
    ...scopesOf(caller, policy),
    '',
    'Rules of these scopes:',
    ...indent(
      explanation.scopes.flatMap(({ scope, rules }) =>
        rules.length === 0
          ? [`${scope}  has no rules: grants nothing on any server`]
          : rules.map((rule) => `${rule.rule.at.padEnd(width)}  ${ruleWords(rule, answer)}`),
      ),
    ),
  ].join('\n');
}

/** The answer for programs: one JSON object. */
export function asJson(answer: Answer): string {
  const { caller, explanation, file, policy, server, access } = answer;
  const { decision } = explanation;
  return JSON.stringify(
    {
      allowed: decision.allowed,
      ...(decision.allowed ? { rule: decision.rule } : whyNot(decision)),
      conditions: explanation.conditions,
      verdict: verdict(answer),
      notes: notesOf(answer),
      file,
      version: policy.version,
      caller,
      server,
      access,
      groups: Object.fromEntries(caller.groups.map((group) => [group, policy.source.groups.get(group)])),
      scopes: explanation.scopes.map(({ scope, rules }) => ({
        scope,
        rules: rules.map(({ rule, ...rest }) => ({ ...rule, ...rest })),
      })),
    },
    null,
    2,
  );
}

/** The caller by groups or scopes: `a person in the group mcp-registry-user`. */
export function who(caller: Caller): string {
  const names = caller.kind === 'person' ? caller.groups : caller.scopes;
  const noun = caller.kind === 'person' ? 'group' : 'scope';
  const subject = caller.kind === 'person' ? 'a person in' : 'an agent with';
  return `${subject} ${names.length === 0 ? `no known ${noun}` : `the ${noun}${names.length > 1 ? 's' : ''} ${list(names)}`}`;
}

/** The lines on where the scopes of a caller come from. */
export function scopesOf(caller: Caller, policy: VersionedPolicy): string[] {
  if (caller.kind === 'agent') return ['Scopes of the token that the policy defines:', ...indent(caller.scopes)];
  const groups = caller.groups.map((group) => `${group} -> ${list(policy.source.groups.get(group) ?? [])}`);
  return ['Groups and the scopes they give:', ...indent(groups)];
}

/** One sentence for each group or scope that the policy does not know. */
export function unknownNotes(caller: Caller): string[] {
  const what = caller.kind === 'person' ? 'group' : 'scope';
  return caller.unknown.map((name) => `the policy does not know the ${what} ${name}: it grants nothing`);
}

function verdict({ caller, server, access, explanation: { decision, conditions } }: Answer): string {
  const what = `${access.method}${access.object ? ` ${access.object.name}` : ''} on ${server}`;
  if (decision.allowed) return `Allowed: ${who(caller)} may do ${what}, by the rule ${decision.rule}.`;
  const { reason, argument, hold } = decision;
  if (reason === 'argument_not_allowed' && access.arguments === unknownArguments)
    return `It depends on the arguments: ${who(caller)} may do ${what} ${conditions.join(' or ')}.`;
  const which = argument === undefined ? '' : `; the first that fails is ${argument}`;
  const approvers = hold ? `: ${approverWords(hold.approvers)}` : '';
  return `Denied: ${who(caller)} may not do ${what}: ${denialWords[reason]}${which}${approvers} (${reason}).`;
}

function whyNot({ reason, argument, hold }: Exclude<Decision, { allowed: true }>) {
  return { reason, ...(argument !== undefined && { argument }), ...(hold && { hold }) };
}

function notesOf({ caller, notes, server }: Answer): string[] {
  return [
    ...notes,
    ...unknownNotes(caller),
    ...(isServerName(server)
      ? []
      : [`no server can be called ${server}: the gateway rejects the request before it asks the policy`]),
  ];
}

function ruleWords(explained: RuleExplanation, { server, access }: Answer): string {
  const { rule, outcome, unheededGlob, argument, approvers, ended } = explained;
  const { object } = access;
  const words: Record<RuleOutcome, () => string> = {
    hit: () => 'hit',
    approval: () => `held: it allows the call after approval by ${approvers ? approverWords(approvers) : 'a person'}`,
    ended: () => `miss: it ended${ended === undefined ? '' : ` on ${timeWords(ended)}`}`,
    server: () => `miss: server is ${rule.server}, not ${server}`,
    method: () => `miss: methods are ${list(rule.methods)}`,
    object: () =>
      object ? `miss: ${listOf[object.kind]} are ${names(namesOf(rule, object.kind))}` : 'miss: no object',
    argument: () => `miss: ${argument ?? 'an argument'} fails; tools are ${names(namesOf(rule, 'tool'))}`,
  };
  const glob =
    unheededGlob &&
    ` (${unheededGlob} would fit, but not every program that reads this URI takes it to be under that prefix)`;
  return `${words[outcome]()}${glob ?? ''}`;
}

/** Each line two spaces to the right; `(none)` if there is none. */
export function indent(lines: readonly string[]): string[] {
  return (lines.length === 0 ? ['(none)'] : lines).map((line) => `  ${line}`);
}

/** Names with commas between them; `(none)` if there is none. */
export function list(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.join(', ');
}

/** As {@link list}; with semicolons if one of them has a comma. */
export function names(words: readonly string[]): string {
  return words.some((word) => word.includes(',')) ? words.join('; ') : list(words);
}
