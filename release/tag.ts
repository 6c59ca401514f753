import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../operations/command.ts';
import { images } from './make/images.ts';
import { tagged } from './ready/history.ts';
import type { Ready } from './ready/ready.ts';
import { attempt, type Shell } from './shell.ts';

/** @throws {CommandError} if the tag is there, even on this commit: its message has the checksums of other images */
export function refuseTagged(shell: Shell, { tag }: Ready): void {
  if (tagged(shell, tag) === undefined) return;
  throw new CommandError(
    `The tag ${tag} is there already. If it is published, give the next release a new version. If not, delete it: git tag -d ${tag}`,
    1,
  );
}

/** Signs the tag. Its message has the checksums, so that one signature covers all files. @throws {CommandError} if git cannot */
export function signTag(shell: Shell, { tag, commit }: Pick<Ready, 'tag' | 'commit'>, out: string): void {
  const sums = readFileSync(join(out, 'SHA256SUMS'), 'utf8');
  const signed = attempt(shell, 'git', 'tag', '--sign', '--message', `${tag}\n\n${sums}`, tag, commit.id) !== undefined;
  // Without the file of an SSH key, git 2.39 makes a tag that has no signature, and reports success.
  if (signed && shell('git', 'tag', '--list', '--format=%(contents:signature)', tag).trim() !== '') return;
  if (signed) shell('git', 'tag', '--delete', tag);
  throw new CommandError(
    `The files are made, but git cannot sign the tag ${tag}. "git tag --sign" says why; set your key with git config user.signingkey, and run this again.`,
    1,
  );
}

/** The commands that publish a release whose tag is signed. */
export function publishing({ version, tag }: Ready): string {
  const pushes = images.flatMap(({ name }) => {
    const published = `registry.example.com/${name}:${version}`;
    return [`docker tag ${name}:${version} ${published}`, `docker push ${published}`];
  });
  const notes = '--notes-file dist-release/release-notes.md';
  const commands = [
    `git push origin ${tag}`,
    ...pushes,
    `gh release create ${tag} --verify-tag --title ${version} ${notes} dist-release/*`,
  ];
  return `The tag ${tag} is signed. Nothing is published yet; publish it with:\n  ${commands.join('\n  ')}`;
}
