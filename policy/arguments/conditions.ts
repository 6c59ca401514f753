import type { ToolVerdict } from './tool-grants.ts';
import type { Approvers } from './tool-rule.ts';

type Unmet = Exclude<ToolVerdict, { is: 'allowed' }>;
type Held = Extract<Unmet, { is: 'held' }>;

/** A rule that allows a call once it is approved, and all who may approve it. */
export interface Hold {
  rule: string;
  approvers: Approvers;
}

/** The alternatives that do not allow a call as it is. What they say together does not depend on their order. */
export class Conditions {
  readonly #held: Held[] = [];
  readonly #arguments = new Set<string>();
  #isRefused = false;

  add(verdict: Unmet): void {
    if (verdict.is === 'held') this.#held.push(verdict);
    else {
      this.#isRefused = true;
      if (verdict.argument !== undefined) this.#arguments.add(verdict.argument);
    }
  }

  /** Why the call is denied: an approval is nearer than other arguments. Undefined if no alternative is for this tool. */
  unmet():
    | { reason: 'approval_needed'; hold: Hold }
    | { reason: 'argument_not_allowed'; argument?: string }
    | undefined {
    if (this.#held.length > 0) return { reason: 'approval_needed', hold: this.#hold() };
    if (!this.#isRefused) return undefined;
    const [argument] = [...this.#arguments].sort();
    return { reason: 'argument_not_allowed', ...(argument !== undefined && { argument }) };
  }

  /** Each alternative that holds would do, so all their approvers may approve. */
  #hold(): Hold {
    const [rule = ''] = this.#held.map((each) => each.rule).sort();
    const groups = new Set(this.#held.flatMap(({ approvers }) => approvers.groups));
    const person = this.#held.some(({ approvers }) => approvers.person);
    return { rule, approvers: { person, groups: [...groups].sort() } };
  }
}
