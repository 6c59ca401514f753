import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandError, type Context, operatorCommand, print, runAsProgram } from '../command.ts';
import { copyDatabases, dataDirOf, inDraftFolder } from './databases.ts';

const help = `Copies the databases of a gateway while it runs.

  npm run -s backup -- FOLDER             into FOLDER, which is created; npm run -s restore -- FOLDER restores it
  ... --archive DATA_FOLDER ...           several data folders as a tar on standard output, for containers
  ... --with-accounts-key ...             also the keys that lock people's tokens for MCP servers, if they were generated

It reads UP_DATA_DIR (default: data). The copy holds private keys, and the SECRET_KEY if it was generated: keep it like a
password. With DATABASE_URL use pg_dump. Exit code: 0 done, 1 not done, 2 wrong use.`;

export const run = operatorCommand<{ archive?: string[]; withAccountsKey?: true }>(
  help,
  (command) => command.argument('[folder]').option('--archive <folders...>').option('--with-accounts-key'),
  async ({ archive, withAccountsKey }, context, [folder]) => {
    if (archive) await writeArchive(archive, context, withAccountsKey);
    else if (folder === undefined) throw new CommandError(help);
    else
      print(
        context,
        `${folder} holds ${(await copyDatabases(dataDirOf(context.env), folder, withAccountsKey)).join(', ')}.`,
      );
    return 0;
  },
);

async function writeArchive(folders: readonly string[], { stdout }: Context, withKey?: true): Promise<void> {
  await inDraftFolder(async (draft) => {
    for (const folder of folders) await copyDatabases(folder, join(draft, basename(folder)), withKey);
    const tar = spawn('tar', ['-C', draft, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [[code]] = await Promise.all([once(tar, 'close'), pipeline(tar.stdout, stdout, { end: false })]);
    if (code !== 0) throw new CommandError('the archive could not be written', 1);
  });
}

if (import.meta.main) await runAsProgram(run);
