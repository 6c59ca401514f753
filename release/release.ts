import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, operatorCommand, print, type Run } from '../operations/command.ts';
import { images, rememberTags } from './make/images.ts';
import { make } from './make/make.ts';
import { withSource } from './make/source.ts';
import { examine } from './ready/ready.ts';
import { sourceOf } from './ready/source.ts';
import { shellIn } from './shell.ts';
import { publishing, refuseTagged, signTag } from './tag.ts';

const help = `Usage: npm run release -- [--dry-run] [--source URL]

Makes all files of a release from the last commit, in the folder dist-release, with their checksums. Then it signs the
tag, whose message has these checksums, and prints the commands that publish the release. It publishes nothing itself.

  --dry-run      make the files, but no tag, and keep no image in Docker
  --source URL   the web address of the source, for labels and links (default: that of the remote origin)
  --help         show this text`;

interface Options {
  dryRun?: true;
  source?: string;
}

/** The command that makes a release of a checkout. */
export function releaseOf(checkout: string): Run {
  return operatorCommand<Options>(
    help,
    (command) => command.option('--dry-run').option('--source <url>'),
    async ({ dryRun = false, source: given }, context) => {
      const { env } = context;
      // As an option of npm it would not reach this command, which would then sign a tag.
      if (env.npm_config_dry_run === 'true')
        throw new CommandError('npm has taken --dry-run for itself. Run: npm run release -- --dry-run');
      const shell = shellIn(checkout, env);
      const address = sourceOf(shell, given);
      if (!address && !dryRun)
        throw new CommandError(
          'Labels and links need the web address of the source, and origin has none: give --source URL.',
        );
      const ready = examine(checkout, shell);
      if (!dryRun) refuseTagged(shell, ready);

      const out = join(checkout, 'dist-release');
      const say = (text: string) => print(context, text);
      const restoreTags = rememberTags(
        shell,
        images.map(({ name }) => `${name}:${ready.version}`),
      );
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out);
      try {
        const made = await withSource(shell, ready.commit.id, (source) =>
          make(ready, address, { checkout, source, out, env, say }),
        );
        for (const { name, bytes, sha256 } of made) say(`${sha256.slice(0, 12)} ${megabytes(bytes)}  ${name}`);
      } catch (error) {
        rmSync(out, { recursive: true, force: true });
        restoreTags();
        throw error;
      }
      if (!address)
        say('The images do not say where their source is, because origin has no web address: give --source URL.');
      if (dryRun) restoreTags();
      else signTag(shell, ready, out);
      say(dryRun ? `Dry run: the files of ${ready.tag} are in dist-release. No tag is made.` : publishing(ready));
      return 0;
    },
  );
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2).padStart(7)} MB`;
