import type { ToolVerdict } from './tool-grants.ts';
import type { Approvers } from './tool-rule.ts';

type Unmet = Exclude<ToolVerdict, { is: 'allowed' }>;
type Held = Extract<Unmet, { is: 'held' }>;
type Refused = Extract<Unmet, { is: 'refused' }>;

/** A rule that allows a call once it is approved, and all who may approve it. */
export interface Hold {
  rule: string;
  approvers: Approvers;
}

/** The alternatives that do not allow a call as it is. What they say together does not depend on their order. */
export class Conditions {
  readonly #held: Held[] = [];
  readonly #refused: Refused[] = [];

  add(verdict: Unmet): void {
    if (verdict.is === 'held') this.#held.push(verdict);
    else this.#refused.push(verdict);
  }

  /** Why the call is denied: an approval is nearer than other arguments. Undefined if no alternative is for this tool. */
  unmet():
    | { reason: 'approval_needed'; hold: Hold }
    | { reason: 'argument_not_allowed'; argument: string | undefined }
    | undefined {
    const [rule] = this.#held.map((each) => each.rule).sort();
    if (rule !== undefined) return { reason: 'approval_needed', hold: { rule, approvers: this.#approvers() } };
    if (this.#refused.length === 0) return undefined;
    // One without a name comes last.
    const [argument] = this.#refused.map((each) => each.argument).sort();
    return { reason: 'argument_not_allowed', argument };
  }

  /** Each alternative that holds would do, so all their approvers may approve. */
  #approvers(): Approvers {
    const groups = new Set(this.#held.flatMap(({ approvers }) => approvers.groups));
    return { person: this.#held.some(({ approvers }) => approvers.person), groups: [...groups].sort() };
  }
}
