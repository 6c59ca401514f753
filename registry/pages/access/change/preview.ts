import type { CurrentPolicy, JudgedPolicy } from '../../../../common/doors/versions.ts';
import { digest } from '../../shared/digest.ts';
import { type AccessOptions, type Editor, orNothing, seenOf } from '../shared/options.ts';
import { type ChangeLines, linesOf } from './difference-lines.ts';
import { type ReplayView, replayView } from './replay-view.ts';
import { type DiffLine, lineDiff } from './yaml-diff.ts';

/** How far back the replay looks. */
const replayDays = 7;
const oneDay = 86_400_000;
/** Characters of a whole policy that a page holds for copying. */
const longestCopy = 300_000;

/** What a change of the policy would mean, before it is made. */
export interface Preview {
  /** Names the text, so that a form can say which one a person has looked at. */
  mark: string;
  /** The text is the one in force. */
  isSame: boolean;
  lines: ChangeLines;
  /** Differences that are not named. */
  more: number;
  /** Why a second editor would have to confirm it. */
  needsSecond: readonly string[];
  /** It cannot be told now what it means: then it is not applied either. */
  isUnknown: boolean;
  /** What keeps the text from being a policy. */
  faults: readonly string[];
  /** Undefined where it cannot be told now. */
  replay: ReplayView | undefined;
  replayDays: number;
  yaml: readonly DiffLine[];
  /** The whole new file, where it is not changed from here; empty if it is too large for a page. */
  copy: string | undefined;
}

const nothing: JudgedPolicy = { differences: [], more: 0, needsSecond: [], faults: [] };

/**
 * Asks what a text would mean as the policy: in words, over what was recorded, and as lines.
 * @param current the policy in force
 */
export async function previewOf(
  options: AccessOptions,
  { assertion }: Editor,
  current: CurrentPolicy,
  text: string,
): Promise<Preview> {
  const { policyDoor, now } = options;
  const since = new Date(now().getTime() - replayDays * oneDay).toISOString();
  const isSame = text === current.text;
  const [answer, replay] = isSame
    ? [nothing, undefined]
    : await Promise.all([
        orNothing(policyDoor.judge(assertion, text)),
        orNothing(policyDoor.replay(assertion, { text, since })),
      ]);
  const judged = answer ?? nothing;
  const groups = judged.differences.flatMap(({ kind, who }) => (kind === 'person' ? [who] : []));
  const isWhole = text.length <= longestCopy;
  return {
    mark: answer ? markOf(text) : '',
    isUnknown: answer === undefined,
    ...{ isSame, more: judged.more, needsSecond: judged.needsSecond, faults: judged.faults, replayDays },
    lines: linesOf(judged.differences, await seenOf(options, assertion, groups)),
    replay: replay && replayView(replay),
    yaml: lineDiff(current.text, text),
    copy: current.editable ? undefined : isWhole ? text : '',
  };
}

/** Shown where a form is applied whose preview was of another text. */
export const lookFirst = 'This is what it would change. Apply it if that is right.';

/** Names a text of the policy. */
export function markOf(text: string): string {
  return digest(text);
}
