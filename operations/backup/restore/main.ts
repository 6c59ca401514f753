import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandError, type Context, operatorCommand, print, runAsProgram } from '../../command.ts';
import { dataDirOf, inDraftFolder, restoreDatabases } from '../databases.ts';

const help = `Restores a backup. Stop the gateway first. The replaced files are kept as ….before-restore.

  npm run -s restore -- FOLDER            a folder that npm run -s backup -- FOLDER made
  ... --archive DATA_FOLDER ...           a tar from standard input, for containers

It writes to UP_DATA_DIR (default: data). Sessions and tokens that were revoked since the backup are valid again: after the start,
run npm run -s revoke -- --all. Exit code: 0 done, 1 not done, 2 wrong use.`;

export const run = operatorCommand<{ archive?: string[] }>(
  help,
  (command) => command.argument('[folder]').option('--archive <folders...>'),
  async ({ archive }, context, [folder]) => {
    if (archive) await restoreArchive(archive, context);
    else if (folder === undefined) throw new CommandError(help);
    else print(context, `Restored: ${restoreDatabases(folder, dataDirOf(context.env)).join(', ')}.`);
    return 0;
  },
);

async function restoreArchive(folders: readonly string[], context: Context): Promise<void> {
  await inDraftFolder(async (draft) => {
    const tar = spawn('tar', ['-C', draft, '-xf', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
    // tar closes its input early when it cannot use it; its exit code tells that.
    const [[code]] = await Promise.all([once(tar, 'close'), pipeline(context.stdin, tar.stdin).catch(() => undefined)]);
    if (code !== 0) throw new CommandError('standard input is not a tar archive', 1);
    for (const folder of folders) {
      const names = restoreDatabases(join(draft, basename(folder)), folder);
      print(context, `${basename(folder)}: ${names.join(', ')}`);
    }
  });
}

if (import.meta.main) await runAsProgram(run);
