import { personInGroups } from '../../policy/caller.ts';
import { limitsOf } from '../../policy/limits.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Difference } from '../../policy/review/diff.ts';
import { isHeld } from '../../policy/review/diff-limits.ts';
import { mayUseUiEverywhere } from '../../policy/ui.ts';

/** What a change means for who has to agree to it. */
export interface Gains {
  /** Groups of people who gain something. */
  groups: readonly string[];
  /** Scopes of agents that gain something. */
  scopes: readonly string[];
  /** Groups that hold `edit_policy`, before and after. */
  editorsBefore: readonly string[];
  editorsAfter: readonly string[];
}

/** An editor, by what the sign-in says. */
export interface Editor {
  sub: string;
  /** All groups, also those that the policy does not know. */
  groups: readonly string[];
  scopes: readonly string[];
}

/** The groups whose members may edit the policy, sorted. Pure. */
export function editorGroups(policy: Policy): string[] {
  const groups = [...policy.source.groups.keys()].sort();
  return groups.filter((group) => mayUseUiEverywhere(policy, personInGroups(policy, [group]).scopes, 'edit_policy'));
}

/** Sums up who gains by a change. Pure. @param differences of `before` and `after`, all of them */
export function gainsOf(before: Policy, after: Policy, differences: readonly Difference[]): Gains {
  const gaining = (kind: Difference['kind']) => [
    ...new Set(differences.filter((each) => each.kind === kind && each.change === 'gains').map(({ who }) => who)),
  ];
  const [editorsBefore, editorsAfter] = [editorGroups(before), editorGroups(after)];
  const newEditors = editorsAfter.filter((group) => !editorsBefore.includes(group));
  return {
    groups: [...new Set([...gaining('person'), ...newEditors, ...lessLimited(before, after)])].sort(),
    scopes: gaining('agent').sort(),
    editorsBefore,
    editorsAfter,
  };
}

/**
 * Groups that a limit names and that are held to fewer calls before. No difference shows a group that may not make the calls: a
 * person may make them through another group, and the limit counts all the same.
 */
function lessLimited(before: Policy, after: Policy): string[] {
  const named = new Set(before.source.limits.flatMap(({ who = [] }) => who));
  return [...named].filter((group) => {
    const caller = { isAgent: false, groups: [group], scopes: [] };
    const fresh = limitsOf(after, caller);
    return limitsOf(before, caller).some((limit) => !isHeld(limit, fresh));
  });
}

/** Why an editor may not make a change alone, each a sentence; empty if they may. Pure. */
export function whySecond(gains: Gains, editor: Editor): string[] {
  const { editorsBefore, editorsAfter } = gains;
  const gaining = gains.groups.filter((group) => editor.groups.includes(group));
  const scopes = gains.scopes.filter((scope) => editor.scopes.includes(scope));
  const more = editorsAfter.filter((group) => !editorsBefore.includes(group));
  const less = editorsBefore.filter((group) => !editorsAfter.includes(group));
  return [
    ...gaining.map((group) => `${group} gains access, and the editor is in it.`),
    ...scopes.map((scope) => `Agents with the scope ${scope} gain access, and the editor holds it.`),
    ...more.map((group) => `${group} gets the right to edit the policy.`),
    ...less.map((group) => `${group} loses the right to edit the policy.`),
  ];
}

/**
 * Why an editor may not confirm another's change, as a sentence; undefined if they may. They have to be another person, and in no
 * group that gains by it. Where every group of editors gains, another person suffices. Pure.
 * @param proposer the subject of who made the change
 */
export function whyNotConfirm(gains: Gains, proposer: string, editor: Editor): string | undefined {
  if (editor.sub === proposer) return 'You have made this change yourself: another editor has to confirm it.';
  if (gains.editorsBefore.every((group) => gains.groups.includes(group))) return undefined;
  const own = gains.groups.find((group) => editor.groups.includes(group));
  return own === undefined
    ? undefined
    : `You are in ${own}, which gains by this change: an editor who does not gain has to confirm it.`;
}
