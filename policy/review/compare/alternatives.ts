import type { Decision } from '../../decide.ts';
import type { Approvers } from '../../policy.ts';
import type { Access } from '../../request/mcp-request.ts';
import { type Alternative, type Condition, never, type Side } from './side.ts';
import { type Arguments, judgeOf, unjudged, witnessesOf } from './witnesses.ts';

/** Calls that tell conditions apart. */
export interface Calls {
  witnesses: (rule: Condition) => readonly Arguments[] | undefined;
  /** Arguments that only a rule allows which judges none. */
  unjudged: Arguments;
}

/** Two policies for one caller: the calls that tell apart all conditions that both have for a tool. */
export type Pair = (server: string, tool: string) => Calls;

/** @param sides the same caller under two policies */
export function pairOf(sides: readonly [Side, Side]): Pair {
  const numbers = new Map(sides.flatMap(({ conditions }) => conditions).map((condition, i) => [condition, i]));
  const known = new Map<string, Calls>();
  return (server, tool) => {
    const all = sides.flatMap((side) => side.alternatives(server, tool).map(({ rule }) => rule));
    // Most tools of a policy have few conditions, and many tools have the same.
    const key = all.map((rule) => numbers.get(rule)).join();
    const calls = known.get(key) ?? { witnesses: rememberWitnesses(all), unjudged: unjudged(all) };
    known.set(key, calls);
    return calls;
  };
}

/** As `witnessesOf`, which takes a while, once for each rule. */
export function rememberWitnesses(all: readonly Condition[]): Calls['witnesses'] {
  const known = new Map<Condition, readonly Arguments[] | undefined>();
  return (rule) => {
    if (!known.has(rule)) known.set(rule, witnessesOf(rule, all));
    return known.get(rule);
  };
}

/** Conditions of one tool that are compared with each other. Of more, all are shown. */
const mostCompared = 12;

const nothing: Condition = { arguments: [], only: false };

/** When the last right to something without a condition ends: `never`, a time, or undefined if there is none. */
export function endOfRight(side: Side, server: string, access: Access): number | undefined {
  // Rights only end: what is not allowed before the first end never is.
  const first = side.ends.at(-1);
  if (first !== undefined && !side.before(first, server, access).allowed) return undefined;
  return side.ends.find((end) => side.before(end, server, access).allowed);
}

/** The condition of a right that has none but its end. */
export function untilOnly(end: number): Condition {
  return end === never ? nothing : { ...nothing, until: end };
}

/** The conditions under which a side may call a tool, without those that others make needless. */
export function conditionsOn(pair: Pair, side: Side, server: string, tool: string): Alternative[] {
  const calls = pair(server, tool);
  const end = endOfRight(side, server, callOf(tool, calls.unjudged));
  const all = side.alternatives(server, tool).filter((each) => end === undefined || each.end > end);
  const isOne = (each: Alternative, i: number) =>
    !all.some((other, j) => i !== j && isNeedless(calls, each, other, j < i));
  // Each would be compared with each other one.
  const needed = all.length > mostCompared ? all : all.filter(isOne);
  // A tool that is only given until a time is among `all`, and `end` says the same of it.
  const own = needed.filter(({ rule }) => !isPlain(rule));
  return end === undefined ? own : [{ rule: untilOnly(end), end }, ...own];
}

/** The conditions under which `having` may call a tool, and `without` may not. */
export function newConditions(pair: Pair, without: Side, having: Side, server: string, tool: string): Alternative[] {
  return conditionsOn(pair, having, server, tool).filter((each) => !isCovered(pair, each, without, server, tool));
}

/** Whether a side allows all that an alternative allows. If that cannot be told: only if it has the same alternative. */
function isCovered(pair: Pair, alternative: Alternative, side: Side, server: string, tool: string): boolean {
  const { rule, end } = alternative;
  // Most have not changed, and to make calls takes longer.
  if (side.alternatives(server, tool).some((other) => isSame(alternative, other))) return true;
  const calls = pair(server, tool).witnesses(rule);
  if (!calls) return false;
  return calls.every((call) => {
    const decision = side.before(end, server, callOf(tool, call), rule.hint !== undefined);
    return allowsAfter(decision, rule.approve);
  });
}

/** Whether a decision allows a call, or holds it for all of these approvers. */
function allowsAfter(decision: Decision, approve: Approvers | undefined): boolean {
  if (decision.allowed) return true;
  return approve !== undefined && decision.hold !== undefined && includes(decision.hold.approvers, approve);
}

/** Whether `one` adds nothing to `other`. @param isFirst of two equal ones, the first is needed */
function isNeedless({ witnesses }: Calls, one: Alternative, other: Alternative, isFirst: boolean): boolean {
  return isWithin(witnesses, one, other) && (isFirst || !isWithin(witnesses, other, one));
}

const judges = new WeakMap<Condition, ReturnType<typeof judgeOf>>();

function judgeFor(rule: Condition): ReturnType<typeof judgeOf> {
  const judge = judges.get(rule) ?? judgeOf(rule);
  judges.set(rule, judge);
  return judge;
}

/** Whether `other` alone allows all that `one` does. If that cannot be told: only if they are the same. */
export function isWithin(witnesses: Calls['witnesses'], one: Alternative, other: Alternative): boolean {
  if (other.end < one.end || (other.rule.hint !== undefined && one.rule.hint === undefined)) return false;
  if (other.rule.approve && !(one.rule.approve && includes(other.rule.approve, one.rule.approve))) return false;
  const calls = witnesses(one.rule);
  return calls ? calls.every(judgeFor(other.rule)) : isSame(one, other);
}

function includes(all: Approvers, some: Approvers): boolean {
  return (all.person || !some.person) && some.groups.every((group) => all.groups.includes(group));
}

function isPlain({ hint, arguments: rules, only, approve }: Condition): boolean {
  return hint === undefined && rules.length === 0 && !only && approve === undefined;
}

function isSame(one: Alternative, other: Alternative): boolean {
  return other.end >= one.end && formOf(one.rule) === formOf(other.rule);
}

const forms = new WeakMap<Condition, string>();

/** One text for all rules that say the same in another order, whenever they end. */
export function formOf(rule: Condition): string {
  const form = forms.get(rule) ?? writtenForm(rule);
  forms.set(rule, form);
  return form;
}

function writtenForm({ hint, arguments: rules, only, approve }: Condition): string {
  const judged = rules.map(({ path, values, min, max, optional, empty }) =>
    JSON.stringify([
      path,
      values && [...new Set(values.map((value) => JSON.stringify(value)))].sort(),
      min,
      max,
      optional,
      empty,
    ]),
  );
  return JSON.stringify([hint, judged.sort(), only, approve && [approve.person, [...new Set(approve.groups)].sort()]]);
}

function callOf(name: string, call: Arguments): Access {
  return { method: 'tools/call', object: { kind: 'tool', name }, arguments: call };
}
