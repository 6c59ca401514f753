import { agentWithScopes, type Caller, personInGroups } from '../../../policy/caller.ts';
import type { Denial } from '../../../policy/decide.ts';
import type { KnownTools } from '../../../policy/known-tools.ts';
import { isServerName } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { type Access, unknownArguments } from '../../../policy/request/mcp-request.ts';
import { kindsOf, type ObjectKind } from '../../../policy/request/methods.ts';
import { RefusedRequest } from '../../../policy/request/refused-request.ts';
import { readAskedCall } from '../../../policy/review/asked-call.ts';
import { denialWords, explain, type RuleExplanation } from '../../../policy/review/explain.ts';
import { groupsThatHelp, scopeThatHelps } from '../../../policy/review/remedy.ts';
import { listOf } from '../../../policy/review/rule-shape.ts';
import { approverWords, namesOf, timeWords } from '../../../policy/review/words.ts';

/** The question of the form: may these groups or scopes do this? */
export interface Question {
  kind: 'group' | 'scope';
  who: string;
  server: string;
  method: string;
  object: string;
  /** Of a call, as JSON; empty if they are not known. */
  arguments?: string;
}

/** What the gate looks at besides the policy. */
interface Known {
  servers: readonly { name: string; enabled: boolean }[];
  /** As for `decide`. */
  tools: KnownTools | undefined;
}

/** An address with more is refused before it comes here. */
const longestArguments = 4_000;

export type Explained = Exclude<ReturnType<typeof answerTo>, string>;

/** Reads the question from a query. Missing fields are empty. */
export function questionIn(query: Readonly<Record<string, unknown>>): Question {
  const text = (name: string, most = 1_000) =>
    typeof query[name] === 'string' ? query[name].trim().slice(0, most) : '';
  return {
    kind: query.kind === 'scope' ? 'scope' : 'group',
    who: text('who'),
    server: text('server'),
    method: text('method') || 'tools/call',
    object: text('object'),
    arguments: text('arguments', longestArguments),
  };
}

/**
 * Answers a question with the code that decides at the gate. Pure.
 * @returns the answer, or as text what is wrong with the question
 */
export function answerTo(policy: Policy, asked: Question, known: Known) {
  const { kind, server } = asked;
  const names = asked.who.split(/[\s,]+/).filter(Boolean);
  if (names.length === 0) return kind === 'group' ? 'Name at least one group.' : 'Name at least one scope.';
  if (server === '') return 'Name the server.';
  const access = accessOf(asked);
  if (typeof access === 'string') return access;
  const caller = kind === 'group' ? personInGroups(policy, names) : agentWithScopes(policy, names);
  const { decision, scopes, conditions } = explain(policy, caller.scopes, server, access, known.tools);
  const { allowed } = decision;
  const isUnapproved = !allowed && decision.reason === 'tool_changed';
  const what = `${access.method}${access.object ? ` “${access.object.name}”` : ''} on “${server}”`;
  const who = kind === 'group' ? 'A person in these groups' : 'An agent with these scopes';
  const depends = !allowed && decision.reason === 'argument_not_allowed' && access.arguments === unknownArguments;
  const verdict = allowed
    ? `${who} may do ${what}.`
    : depends
      ? `${who} may do ${what} ${conditions.join(' or ')}.`
      : `${who} may not do ${what}: ${denialWords[decision.reason]}${detailOf(decision)}.`;
  return {
    allowed,
    /** Whether it is allowed with some arguments, which the question does not name. */
    depends,
    /** Whether a person has to approve it first. */
    isHeld: !allowed && decision.reason === 'approval_needed',
    verdict,
    conditions,
    rule: allowed ? decision.rule : undefined,
    notes: notesOn(asked, caller, known),
    scopes: scopes.map(({ scope, rules }) => ({
      scope,
      rules: rules.map((each) => {
        return { at: each.rule.at, hit: each.outcome === 'hit', words: outcomeWords(each, server, access) };
      }),
    })),
    /** Where the tool that only lacks an approval can be approved. */
    approveAt: isUnapproved ? `/servers/${encodeURIComponent(server)}#changed` : '',
    /** Groups or scopes that would allow it. */
    helps: allowed || isUnapproved ? [] : helpsWith(policy, caller, server, access, known.tools),
  };
}

/** What a denial says besides its reason: never a value of an argument. */
function detailOf({ argument, hold }: Denial): string {
  if (hold) return `: ${approverWords(hold.approvers)} may approve it`;
  return argument === undefined ? '' : `; the first that fails is “${argument}”`;
}

function helpsWith(
  policy: Policy,
  { kind, scopes }: Caller,
  server: string,
  access: Access,
  tools: KnownTools | undefined,
): readonly string[] {
  const denied = { scopes, server, accesses: [access] as const, tools };
  if (kind === 'person') return groupsThatHelp(policy, denied, 3).map((group) => `the group ${group}`);
  const scope = scopeThatHelps(policy, denied);
  return scope === undefined ? [] : [`the scope ${scope}`];
}

function accessOf({ method, object, arguments: given = '' }: Question): Access | string {
  const kinds = kindsOf(method);
  if (object === '') {
    if (kinds.length === 0 || method === 'subscriptions/listen') return { method };
    return `${method} requires a name: fill in the ${kinds.join(' or ')}.`;
  }
  if (kinds.length === 0) return `${method} takes no name: leave the last field empty.`;
  const isUri = /^[a-z][a-z0-9+.-]*:/i.test(object);
  const kind: ObjectKind | undefined = kinds.find((each) => (each === 'resource') === isUri) ?? kinds[0];
  if (method === 'tools/call') return callOf(object, given);
  return kind === undefined ? { method } : { method, object: { kind, name: object } };
}

function callOf(tool: string, given: string): Access | string {
  try {
    return readAskedCall(tool, given === '' ? undefined : given);
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    return `The gateway would refuse this call before the policy: ${error.message}.`;
  }
}

function notesOn({ server }: Question, { unknown, kind }: Caller, { servers }: Known): string[] {
  const what = kind === 'person' ? 'group' : 'scope';
  const entry = servers.find(({ name }) => name === server);
  return [
    ...unknown.map((name) => `The policy does not know the ${what} “${name}”, so it grants nothing.`),
    ...(isServerName(server)
      ? []
      : [`“${server}” is not a valid server name: the gateway rejects it before the policy.`]),
    ...(entry?.enabled === false
      ? [`“${server}” is disabled: until it is enabled, the gateway answers every caller that it is not there.`]
      : []),
    ...(entry === undefined && isServerName(server)
      ? [
          `You see no server called “${server}”. If there is none, the gateway answers every caller that it is not there.`,
        ]
      : []),
  ];
}

function outcomeWords(explained: RuleExplanation, server: string, { object }: Access): string {
  const { rule, outcome, unheededGlob, argument, approvers, ended } = explained;
  const list = (names: readonly string[]) =>
    names.length === 0 ? 'none' : names.join(names.some((name) => name.includes(',')) ? '; ' : ', ');
  if (outcome === 'hit') return 'allows it';
  if (outcome === 'approval') return `allows it after approval by ${approvers ? approverWords(approvers) : 'a person'}`;
  if (outcome === 'ended') return ended === undefined ? 'has ended' : `ended on ${timeWords(ended)}`;
  if (outcome === 'argument') {
    const which = argument === undefined ? 'has other arguments' : `does not allow this ${argument}`;
    return `${which}: ${list(namesOf(rule, 'tool'))}`;
  }
  if (outcome === 'server') return `is for ${rule.server}, not ${server}`;
  if (outcome === 'method') return `has other methods: ${list(rule.methods)}`;
  const glob = unheededGlob
    ? ` (${unheededGlob} would match, but not every program that reads this URI takes it to be under that prefix)`
    : '';
  return object ? `has other ${listOf[object.kind]}: ${list(namesOf(rule, object.kind))}${glob}` : 'names no object';
}
