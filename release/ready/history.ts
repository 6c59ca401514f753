import { CommandError } from '../../operations/command.ts';
import { attempt, type Shell } from '../shell.ts';

/** The commit of a release. */
export interface Commit {
  id: string;
  /** As in ISO 8601. */
  time: string;
}

/** The commit that is checked out. @throws {CommandError} outside a git checkout */
export function headOf(shell: Shell): Commit {
  try {
    const [id = '', seconds] = shell('git', 'show', '-s', '--format=%H %ct', 'HEAD').trim().split(' ');
    return { id, time: new Date(Number(seconds) * 1000).toISOString() };
  } catch (error) {
    throw new CommandError(`A release is made from a commit: run this in a clone. ${(error as Error).message}`, 1);
  }
}

/** The commit that a tag leads to; undefined if there is no such tag. */
export function tagged(shell: Shell, tag: string): string | undefined {
  return attempt(shell, 'git', 'rev-parse', '--verify', '--quiet', `refs/tags/${tag}^{commit}`);
}

/** Says what keeps git from making this commit the release. */
export function historyFaults(shell: Shell, { id }: Commit, tag: string): string[] {
  const faults = [];
  const changed = shell('git', 'status', '--porcelain').split('\n').filter(Boolean);
  if (changed.length > 0) {
    const names = changed.slice(0, 3).map((line) => line.slice(3));
    const others = changed.length > 3 ? ` and ${changed.length - 3} more` : '';
    faults.push(
      `${names.join(', ')}${others} differ from the last commit: commit, or run git stash --include-untracked.`,
    );
  }
  const other = tagged(shell, tag);
  if (other !== undefined && other !== id)
    faults.push(`The tag ${tag} is on another commit (${other.slice(0, 12)}): a new release takes a new version.`);
  return faults;
}
