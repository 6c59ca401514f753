import open from 'open';
import { invalidSetting } from '../../common/settings/invalid-setting.ts';
import { cookieFile, keepSession } from '../gateway/cookie-file.ts';
import { type CommonOptions, does, type Run, settingsFor } from '../lib/command.ts';
import type { Context } from '../lib/context.ts';
import { CommandError, exitCodes, usageError } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { type CallbackServer, callbackUrl, openCallback, type Returned } from '../login/callback-server.ts';
import { checkGateway } from '../login/check-gateway.ts';
import { type Pasting, waitForPaste } from '../login/paste.ts';
import { exchangeForSession, type NewSession, signSession } from '../login/session.ts';
import { beginPoolLogin, type PoolLogin } from '../login/user-pool.ts';

interface LoginOptions extends CommonOptions {
  browser: boolean;
  sessionCookieFile?: string;
}

const longestMinutes = 5;

/** The command `login`: opens a session in the browser. */
export const loginCommand = does<LoginOptions>(
  'login',
  'Log in with the browser, and keep the session in ~/.mcp/session_cookie.',
  [
    'mcp-gateway login',
    'mcp-gateway login --no-browser      (over ssh: open the shown address elsewhere and paste the one that the browser ends at)',
  ],
  (command) =>
    command
      .option('--no-browser', 'show the address instead of opening the browser')
      .option('--session-cookie-file <file>', 'keep the session in another file'),
  login,
);

async function login(run: Run<LoginOptions>): Promise<undefined> {
  const { context, print, options } = run;
  const settings = settingsFor(context, print, options, 'user');
  await checkGateway(settings, print);
  const pool = await beginPoolLogin(settings, print);
  const result = await waitForBrowser(run, pool);
  try {
    const session = await finish(settings, print, pool, result.url);
    const file = cookieFile(context, options.sessionCookieFile);
    keepSession(file, settings.gateway, session);
    await result.finish({
      title: `You are logged in as ${session.username}`,
      text: 'You can close this window.',
      failed: false,
    });
    showSession(print, settings, session, file);
  } catch (error) {
    const text = 'The terminal shows the reason. You can close this window.';
    await result.finish({ title: 'You are not logged in', text, failed: true });
    throw error;
  } finally {
    result.close();
  }
}

type Result = Returned & { close(): void };

/** Waits for the callback, a pasted address, the time limit of five minutes, or Ctrl-C. */
async function waitForBrowser({ context, print, options }: Run<LoginOptions>, pool: PoolLogin): Promise<Result> {
  const opens = options.browser && canOpenBrowser(context);
  const stray = () => print.note('A browser returned with another login. Still waiting for this one.');
  const server = await openCallback(pool.state, stray).catch((error: CommandError): undefined => {
    // Pasting works without the port.
    if (opens || error.reason !== 'port_taken') throw error;
    print.note(`Port 9090 is taken, so the browser's last page will not load. Paste its address anyway.`);
  });
  const pasting = opens ? undefined : waitForPaste(context, pool.state, print.note);
  try {
    invite(print, pool, opens);
    if (opens) await openBrowser(pool.url, print);
    const { url, finish } = await firstOf(context, server, pasting);
    return { url, finish, close: () => server?.close() };
  } catch (error) {
    server?.close();
    throw error;
  } finally {
    pasting?.close();
  }
}

function invite(print: Print, { url }: PoolLogin, opens: boolean): void {
  print.note(
    opens ? 'Opening the browser. If it does not open, open this address yourself:' : 'Open this address in a browser:',
  );
  print.note(`\n${url.href}\n`);
  if (!opens) {
    print.note(`Log in there. The browser then ends at ${callbackUrl}?…, which may not load.`);
    print.note('Paste that whole address here and press Enter (or wait, if the browser runs on this machine):');
  }
  if (opens) print.progress(`Waiting for the login for up to ${longestMinutes} minutes. Ctrl-C stops it.`);
}

async function firstOf(
  context: Context,
  server: CallbackServer | undefined,
  pasting: Pasting | undefined,
): Promise<Returned> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new CommandError(exitCodes.interrupted, 'Stopped. You are not logged in.'));
  context.signal.addEventListener('abort', stop, { once: true });
  const text = `The login was not completed within ${longestMinutes} minutes.`;
  const late = new CommandError(exitCodes.notLoggedIn, text, { hints: ['Start again: mcp-gateway login'] });
  const timer = setTimeout(() => reject(late), longestMinutes * 60_000);
  const waits: Promise<Returned>[] = [stopped];
  if (server) waits.push(server.returned);
  if (pasting) waits.push(pasting.pasted.then((url) => asReturned(url, server)));
  try {
    return await Promise.race(waits);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', stop);
  }
}

/** The pasted callback. If the input ends without one, as in a script, waits for the browser. */
function asReturned(url: URL | undefined, server: CallbackServer | undefined): Returned | Promise<Returned> {
  if (url) return { url, finish: async () => undefined };
  if (server) return server.returned;
  throw usageError('The input ended without a pasted address.');
}

/** Linux without a display has no browser; over ssh it runs on another machine. */
function canOpenBrowser({ env }: Context): boolean {
  if (env.BROWSER || process.platform !== 'linux') return true;
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME);
}

async function openBrowser(url: URL, print: Print): Promise<void> {
  const child = await open(url.href).catch(() => undefined);
  child?.once('error', () => print.note('The browser did not open: open the address yourself.'));
}

async function finish(settings: Settings, print: Print, pool: PoolLogin, callback: URL): Promise<NewSession> {
  const { tokens, person } = await pool.finish(callback);
  print.debug(`the user pool says: ${person.username}, groups ${person.groups.join(', ') || 'none'}`);
  const key = settings.env.SECRET_KEY?.trim();
  if (key && !invalidSetting(key)) {
    const signed = await signSession(settings, print, key, person);
    if (!('refused' in signed)) {
      await pool.forget(tokens);
      warnOfKey(print, settings);
      return signed;
    }
    print.note(
      `${print.style('yellow', 'note')} SECRET_KEY in ${settings.file} is not used: the gateway refuses cookies signed with it ("${signed.refused}"). A login does not need it: remove it.`,
    );
  }
  try {
    return await exchangeForSession(settings, print, tokens);
  } catch (error) {
    await pool.forget(tokens);
    throw error;
  }
}

function warnOfKey(print: Print, { file }: Settings): void {
  const mark = print.style('yellow', 'warning');
  print.note(`${mark} The session was signed on this machine with SECRET_KEY of ${file}. Everyone who has
  that key can create a session for any user, and the gateway cannot end this one: logout only deletes the file.
  Remove SECRET_KEY; the login works without it (docs/operations/access.md, "Locally signed sessions").`);
}

function showSession(
  print: Print,
  { gateway }: Settings,
  { username, groups, expiresAt }: NewSession,
  file: string,
): void {
  const until = new Date(expiresAt * 1000);
  print.result({ username, groups, gateway, expires_at: until.toISOString(), file }, () =>
    [
      `Logged in at ${gateway} as ${print.style('bold', username)}.`,
      `Groups: ${groups.join(', ') || 'none, so the gateway will allow nothing; ask an administrator'}`,
      `Until ${until.toLocaleString('sv-SE')}, in ${file}. mcp-gateway logout ends it.`,
    ].join('\n'),
  );
}
