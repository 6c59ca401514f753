import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openStore, type Store } from '../../auth-server/store/store.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { CommandError, type Context, operatorCommand, print, runAsProgram } from '../command.ts';
import { dataFolder } from '../data-folder.ts';
import { revokedInWords, sessionsAsJson, sessionsAsTable, shortId } from './print.ts';
import { type RevokeTarget, revoke } from './revoke.ts';
import { otherGateway } from './running-gateway.ts';

const help = `Ends access at once: sessions permanently, and the tokens issued until now.

  npm run -s revoke -- --user alice           by username or by sub, of people and agents
  npm run -s revoke -- --user alice --accounts   also disconnects their own accounts at servers behind the gateway
  npm run -s revoke -- --client 3agentclient  every token of this app client, and the sessions made with it; or the
                                              access of an MCP client, by its client id or as the log shows it
  npm run -s revoke -- --session Xy12AbCd     one session, by the id that --list shows
  npm run -s revoke -- --all                  everyone; all people log in again, all agents get a new token
  npm run -s revoke -- --list                 who is logged in; a table, or JSON when piped or with --json

Takes effect within a second in every auth-server that uses this database, and survives a restart. A person who may still
log in at the identity provider can do so again: to keep a person out, block them there first.

Run it where the auth-server's database is; with Docker:
  docker compose exec auth-server node operations/revoke/main.ts --user alice
If the gateway at REGISTRY_URL uses another database, nothing is ended. It reads DATABASE_URL, DATA_DIR or UP_DATA_DIR (default: data) from the
environment or .env. Exit code: 0 done, 1 nothing could be ended, 2 wrong use.`;

type Options = { [name in 'user' | 'client' | 'session']?: string } & {
  [flag in 'all' | 'list' | 'json' | 'accounts']?: true;
};

export const run = operatorCommand<Options>(
  help,
  (command) => {
    for (const flags of ['--user <name>', '--client <id>', '--session <id>', '--all', '--list', '--json', '--accounts'])
      command.option(flags);
    return command;
  },
  async (options, context) => {
    const { user, client, session, all, list } = options;
    const chosen = [user, client, session, all, list].filter((value) => value !== undefined);
    if (chosen.length !== 1) throw new CommandError('Give one of --user, --client, --session, --all and --list.');
    if (options.accounts && user === undefined) throw new CommandError('--accounts goes with --user.');
    // Most likely an unset variable in a script.
    if (chosen[0] === '') throw new CommandError('The name is empty.');
    const { env } = readEnvFile(context.env);
    const store = await openExisting(env);
    try {
      await refuseOther(store, env);
      return list ? await show(store, options, context) : await end(store, options, context);
    } finally {
      await store.close();
    }
  },
);

/** With the database of another gateway, people would stay logged in at the one that runs. */
async function refuseOther(store: Store, env: NodeJS.ProcessEnv): Promise<void> {
  const other = await otherGateway(store, env);
  if (other === undefined) return;
  throw new CommandError(
    `The gateway at ${other} uses another database than this one. Nothing was ended.
With Docker: docker compose exec auth-server node operations/revoke/main.ts …
Otherwise set DATA_DIR or DATABASE_URL to its database, or REGISTRY_URL to the gateway that you mean.`,
    1,
  );
}

async function openExisting(env: NodeJS.ProcessEnv): Promise<Store> {
  const url = env.DATABASE_URL?.trim();
  const folder = dataFolder(env);
  // A new, empty database would report success and end nothing.
  if (!url && !existsSync(join(folder, 'auth-server.db'))) {
    const todo = "Set DATA_DIR to the auth-server's folder, or DATABASE_URL.";
    throw new CommandError(`There is no auth-server.db in ${folder}. ${todo}`, 1);
  }
  return await openStore(url || folder).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The database cannot be opened: ${reason || 'no answer'}. Nothing was ended.`, 1);
  });
}

async function end(store: Store, options: Options, context: Context): Promise<number> {
  const target = await targetOf(store, options);
  const revoked = await revoke(store, target, nowInSeconds(), options.accounts);
  print(context, options.json ? JSON.stringify(revoked) : revokedInWords(target, revoked));
  return revoked.sessions === 0 && !revoked.tokens ? 1 : 0;
}

async function targetOf(store: Store, { all, user, client, session }: Options): Promise<RevokeTarget> {
  if (all) return 'everybody';
  if (user !== undefined) return { user };
  if (client !== undefined) return { clientId: client };
  const found = (await store.sessions.list()).find(({ sid }) => shortId(sid) === session);
  return { session: found?.sid ?? '' };
}

async function show(store: Store, { json }: Options, context: Context): Promise<number> {
  const sessions = await store.sessions.list();
  print(context, json || !context.stdout.isTTY ? sessionsAsJson(sessions) : sessionsAsTable(sessions));
  return 0;
}

if (import.meta.main) await runAsProgram(run);
