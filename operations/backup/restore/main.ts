import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nowInSeconds } from '../../../common/time/now.ts';
import { CommandError, type Context, operatorCommand, print, runAsProgram } from '../../command.ts';
import { dataDirOf, doubtAccounts, endAccess, inDraftFolder, restoreDatabases } from '../databases.ts';
import { restoredPolicy } from './policy.ts';

const help = `Restores a backup. Stop the gateway first. The replaced files are kept as ….before-restore.

  npm run -s restore -- FOLDER            a folder that npm run -s backup -- FOLDER made
  ... --archive DATA_FOLDER ...           a tar from standard input, for containers

  ... --keep-sessions ...                 does not end sessions

It writes to UP_DATA_DIR (default: data). All sessions and the access of all clients end, because those that were revoked since the
backup would be valid again: people log in again, agents get new tokens. People's accounts at MCP servers are used once their
provider has confirmed them. Exit code: 0 done, 1 not done, 2 wrong use.`;

export const run = operatorCommand<{ archive?: string[]; keepSessions?: true }>(
  help,
  (command) => command.argument('[folder]').option('--archive <folders...>').option('--keep-sessions'),
  async ({ archive, keepSessions }, context, [folder]) => {
    const folders = archive ?? [dataDirOf(context.env)];
    if (archive) await restoreArchive(archive, context);
    else if (folder === undefined) throw new CommandError(help);
    else print(context, `Restored: ${restoreDatabases(folder, folders[0] ?? '').join(', ')}.`);
    for (const each of folders) doubtAccounts(each);
    for (const each of folders.flatMap((path) => restoredPolicy(path) ?? [])) print(context, each);
    if (keepSessions) return 0;
    const ended = folders.filter((each) => endAccess(each, nowInSeconds()));
    if (ended.length > 0) print(context, 'All sessions and the access of all clients have ended: people log in again.');
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
