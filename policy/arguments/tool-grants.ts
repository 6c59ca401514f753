import { Patterns, wildcard } from '../patterns/patterns.ts';
import { anyArguments, type ToolArguments, unknownArguments } from '../request/tool-arguments.ts';
import { type ArgumentsJudge, argumentsJudge } from './judge.ts';
import type { Approvers, ToolRule } from './tool-rule.ts';

/** One way in which a rule allows calls of a tool: with arguments, or an approval, that it names. */
interface Alternative {
  rule: string;
  judge: ArgumentsJudge | undefined;
  /** The first argument that it names, for arguments that are not known. */
  argument: string | undefined;
  approvers: Approvers | undefined;
}

/** What one alternative says about a call. */
export type ToolVerdict =
  | { is: 'allowed'; rule: string }
  | { is: 'held'; rule: string; approvers: Approvers }
  | { is: 'refused'; argument: string | undefined };

/** The tools that the rules of one scope grant under a condition. Look-up time does not depend on their number. */
export class ToolGrants {
  readonly #named = new Patterns<Alternative[]>();
  readonly #readOnly: Alternative[] = [];

  /** @param rule the place of the rule */
  add(rule: string, toolRule: ToolRule): void {
    const { pattern, arguments: rules, approve: approvers } = toolRule;
    const alternative = { rule, judge: argumentsJudge(toolRule), argument: rules[0]?.name, approvers };
    const all = pattern === undefined ? this.#readOnly : this.#named.at(wildcard(pattern), () => []);
    all.push(alternative);
  }

  /**
   * Yields what each alternative for a tool says about a call. None does if no rule names the tool.
   * @param isReadOnly whether the hint covers the tool
   */
  *verdicts(tool: string, given: ToolArguments, isReadOnly: () => boolean): Generator<ToolVerdict> {
    for (const alternatives of this.#named.matching(tool))
      for (const each of alternatives) yield verdictOf(each, given);
    if (!isReadOnly()) return;
    for (const each of this.#readOnly) yield verdictOf(each, given);
  }

  /** Whether every tool can be called in some way. */
  coversAll(): boolean {
    return this.#named.coversAll();
  }
}

function verdictOf({ rule, judge, argument, approvers }: Alternative, given: ToolArguments): ToolVerdict {
  if (given === anyArguments) return { is: 'allowed', rule };
  if (judge && given === unknownArguments) return { is: 'refused', argument };
  const failed = judge?.(given as Exclude<ToolArguments, symbol>);
  if (failed !== undefined) return { is: 'refused', argument: failed };
  return approvers ? { is: 'held', rule, approvers } : { is: 'allowed', rule };
}
