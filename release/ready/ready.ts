import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../operations/command.ts';
import { attempt, type Shell } from '../shell.ts';
import { type Section, sectionOf } from './changelog.ts';
import { type Commit, headOf, historyFaults } from './history.ts';
import { versionFaults } from './versions.ts';

/** What a release is made of. */
export interface Ready {
  version: string;
  tag: string;
  commit: Commit;
  section: Section;
  /** Of the Docker engine, such as `linux-amd64`. */
  platform: string;
}

/**
 * Looks whether a release can be made of a checkout.
 * @param shell that runs in the checkout
 * @throws {CommandError} that names every fault, and what to do about each
 */
export function examine(checkout: string, shell: Shell): Ready {
  const commit = headOf(shell);
  const read = (file: string) => readFileSync(join(checkout, file), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const tag = `v${version}`;
  const section = sectionOf(read('CHANGELOG.md'), version);
  const platform = attempt(shell, 'docker', 'version', '--format', '{{.Server.Os}}-{{.Server.Arch}}');
  const faults = [
    ...historyFaults(shell, commit, tag),
    ...versionFaults(checkout, version),
    ...(section.fault ? [section.fault] : []),
    ...(platform ? [] : ['No Docker engine answers: start Docker, or set DOCKER_HOST.']),
  ];
  if (faults.length > 0 || !platform) throw new CommandError(`No release is made.\n${faults.join('\n')}`, 1);
  return { version, tag, commit, section, platform };
}
