import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { openStore, type Store } from '../../auth-server/store/store.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { revokedInWords, sessionsAsJson, sessionsAsTable, shortId } from './print.ts';
import { type RevokeTarget, revoke } from './revoke.ts';

const root = join(import.meta.dirname, '..', '..');
const help = `Ends access at once: sessions for good, and the tokens given out until now.

  npm run -s revoke -- --user alice           by username or by sub, of people and agents
  npm run -s revoke -- --client 3agentclient  every token of this app client, and the sessions made with it
  npm run -s revoke -- --session Xy12AbCd     one session, by the id that --list shows
  npm run -s revoke -- --all                  everybody; all log in again, all agents get a new token
  npm run -s revoke -- --list                 who is logged in; a table, or JSON when piped or with --json

Takes effect within a second in every auth-server that has this database, and stays after a restart. Whoever may still
log in at the identity provider can do so again: to keep somebody out, block them there first.

Run it where the auth-server's database is. It reads DATABASE_URL, DATA_DIR or UP_DATA_DIR (default: data) from the
environment or .env. Exit code: 0 done, 1 nothing could be ended, 2 wrong use.`;

const options = {
  user: { type: 'string' },
  client: { type: 'string' },
  session: { type: 'string' },
  all: { type: 'boolean' },
  list: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
type Values = ReturnType<typeof readArguments>;

const values = readArguments();
if (values.help) console.log(help);
else await run(values);

function readArguments() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return wrongUse(error instanceof Error ? error.message : String(error));
  }
}

function wrongUse(message: string): never {
  console.error(`${message}\n--help says how this is used.`);
  process.exit(2);
}

function cannot(message: string): never {
  console.error(message);
  process.exit(1);
}

async function run(asked: Values): Promise<void> {
  const { user, client, session, all, list } = asked;
  const chosen = [user, client, session, all, list].filter((value) => value !== undefined);
  if (chosen.length !== 1) wrongUse('Say one of --user, --client, --session, --all and --list.');
  // Most likely a variable of a script that was not set.
  if (chosen[0] === '') wrongUse('The name is empty.');
  const store = await openExisting();
  try {
    if (list) await show(store, asked.json === true);
    else await end(store, asked);
  } finally {
    await store.close();
  }
}

async function openExisting(): Promise<Store> {
  const file = join(root, '.env');
  const env = { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...process.env };
  const url = env.DATABASE_URL?.trim();
  const folder = env.DATA_DIR?.trim() || env.UP_DATA_DIR?.trim() || join(root, 'data');
  // A new, empty database would say "done" and end nothing.
  if (!url && !existsSync(join(folder, 'auth-server.db')))
    cannot(`There is no auth-server.db in ${folder}. Set DATA_DIR to the auth-server's folder, or DATABASE_URL.`);
  return await openStore(url || folder).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    return cannot(`The database cannot be opened: ${reason || 'no answer'}. Nothing was ended.`);
  });
}

async function end(store: Store, asked: Values): Promise<void> {
  const target = await targetOf(store, asked);
  const revoked = await revoke(store, target, nowInSeconds());
  console.log(asked.json ? JSON.stringify(revoked) : revokedInWords(target, revoked));
  if (revoked.sessions === 0 && !revoked.tokens) process.exitCode = 1;
}

async function targetOf(store: Store, { all, user, client, session }: Values): Promise<RevokeTarget> {
  if (all) return 'everybody';
  if (user !== undefined) return { user };
  if (client !== undefined) return { clientId: client };
  const found = (await store.sessions.list()).find(({ sid }) => shortId(sid) === session);
  return { session: found?.sid ?? '' };
}

async function show(store: Store, json: boolean): Promise<void> {
  const sessions = await store.sessions.list();
  console.log(json || !process.stdout.isTTY ? sessionsAsJson(sessions) : sessionsAsTable(sessions));
}
