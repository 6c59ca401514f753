import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { openStore } from '../store/store.ts';
import { type RevokeTarget, revoke } from './revoke.ts';

const root = join(import.meta.dirname, '..', '..');
const help = `Ends access at once: sessions for good, and the tokens given out until now.

  npm run -s revoke -- --user alice          by username or by Cognito's sub
  npm run -s revoke -- --client 3agentclient  every token of this app client, and the sessions made with it
  npm run -s revoke -- --session ID          one session, by the id that --list shows
  npm run -s revoke -- --all                 everybody; all log in again, all agents get a new token
  npm run -s revoke -- --list [--json]       who is logged in

Run it where the auth-server's database is: it reads DATA_DIR (or UP_DATA_DIR, default data) or DATABASE_URL, from the
environment or .env. Takes effect within a second. Exit code: 0 done, 1 it could not be done, 2 wrong use.`;

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

const file = join(root, '.env');
const env = { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...process.env };
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

async function run(asked: Values): Promise<void> {
  const chosen = [asked.user, asked.client, asked.session, asked.all, asked.list].filter(
    (value) => value !== undefined,
  );
  if (chosen.length !== 1) wrongUse('Say one of --user, --client, --session, --all and --list.');
  const where = env.DATABASE_URL || env.DATA_DIR || env.UP_DATA_DIR || join(root, 'data');
  if (!env.DATABASE_URL && !existsSync(join(where, 'auth-server.db'))) {
    console.error(`There is no auth-server.db in ${where}. Set DATA_DIR to the auth-server's folder.`);
    process.exit(1);
  }
  const store = await openStore(where);
  try {
    if (asked.list) await list(store, asked.json === true);
    else await end(store, asked);
  } finally {
    await store.close();
  }
}

async function end(store: Awaited<ReturnType<typeof openStore>>, asked: Values): Promise<void> {
  const { sessions, tokens } = await revoke(store, await targetOf(store, asked), Math.floor(Date.now() / 1000));
  if (asked.json) return console.log(JSON.stringify({ sessions, tokens }));
  const ended = sessions === 1 ? '1 session ended' : `${sessions} sessions ended`;
  console.log(tokens ? `${ended}; tokens given out until now are refused.` : `${ended}.`);
  if (sessions === 0 && !tokens) process.exitCode = 1;
}

async function targetOf(store: Awaited<ReturnType<typeof openStore>>, asked: Values): Promise<RevokeTarget> {
  if (asked.all) return 'everybody';
  if (asked.user !== undefined) return { user: asked.user };
  if (asked.client !== undefined) return { clientId: asked.client };
  const shown = await store.sessions.list();
  return { session: shown.find(({ sid }) => idOf(sid) === asked.session)?.sid ?? '' };
}

/** Enough to tell sessions apart; the whole would be half of a cookie. */
function idOf(sid: string): string {
  return sid.slice(0, 8);
}

async function list(store: Awaited<ReturnType<typeof openStore>>, json: boolean): Promise<void> {
  const time = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const rows = (await store.sessions.list()).map(({ sid, username, provider, groups, createdAt, lastSeen }) => {
    return {
      session: idOf(sid),
      user: username,
      provider,
      groups: groups.join(', '),
      since: time(createdAt),
      used: time(lastSeen),
    };
  });
  if (json || !process.stdout.isTTY) return console.log(JSON.stringify(rows, null, 2));
  if (rows.length === 0) return console.log('Nobody is logged in.');
  // Names are anybody's: none may move the cursor.
  const plain = (text: string) => text.replace(/\p{C}/gu, '\u{fffd}');
  console.table(rows.map((row) => ({ ...row, user: plain(row.user), groups: plain(row.groups) })));
}
