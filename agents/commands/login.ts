import open from 'open';
import { invalidSetting } from '../../common/settings/invalid-setting.ts';
import { cookieFile, keepSession } from '../gateway/cookie-file.ts';
import { type CommonOptions, does, type Run, settingsFor } from '../lib/command.ts';
import type { Context } from '../lib/context.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { type CallbackServer, openCallback, type Returned } from '../login/callback-server.ts';
import { checkGateway } from '../login/check-gateway.ts';
import { beginLogin, type GatewayLogin } from '../login/gateway-login.ts';
import { type Pasting, waitForPaste } from '../login/paste.ts';
import { exchangeForSession, type NewSession } from '../login/session.ts';

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
  noteUnusedKey(settings, print);
  await checkGateway(settings, print);
  const begun = beginLogin(settings.gateway);
  const result = await waitForBrowser(run, begun);
  try {
    const session = await exchangeForSession(settings, print, begun.proofIn(result.url));
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
async function waitForBrowser({ context, print, options }: Run<LoginOptions>, begun: GatewayLogin): Promise<Result> {
  const opens = options.browser && canOpenBrowser(context);
  const stray = () => print.note('A browser returned with another login. Still waiting for this one.');
  const server = await openCallback(begun.state, stray);
  const { redirectUri, close } = server;
  const pasting = opens ? undefined : waitForPaste(context, begun.state, redirectUri, print.note);
  try {
    const address = begun.addressFor(redirectUri);
    invite(print, begun, { address, redirectUri, opens });
    if (opens) await openBrowser(address, print);
    const { url, finish } = await firstOf(context, server, pasting);
    return { url, finish, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    pasting?.close();
  }
}

interface Invitation {
  address: URL;
  redirectUri: string;
  opens: boolean;
}

function invite(print: Print, { letters }: GatewayLogin, { address, redirectUri, opens }: Invitation): void {
  print.note(
    opens ? 'Opening the browser. If it does not open, open this address yourself:' : 'Open this address in a browser:',
  );
  print.note(`\n${address.href}\n`);
  print.note(`Sign in there. The page then asks about the command line: press Allow if it shows ${letters}.`);
  if (!opens) {
    print.note(`The browser then ends at ${redirectUri}?…, which may not load.`);
    print.note(
      'Paste that whole address here and press Enter, within a minute (or wait, if the browser runs on this machine):',
    );
  }
  if (opens) print.progress(`Waiting for the login for up to ${longestMinutes} minutes. Ctrl-C stops it.`);
}

async function firstOf(context: Context, server: CallbackServer, pasting: Pasting | undefined): Promise<Returned> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new CommandError(exitCodes.interrupted, 'Stopped. You are not logged in.'));
  context.signal.addEventListener('abort', stop, { once: true });
  const text = `The login was not completed within ${longestMinutes} minutes.`;
  const late = new CommandError(exitCodes.notLoggedIn, text, { hints: ['Start again: mcp-gateway login'] });
  const timer = setTimeout(() => reject(late), longestMinutes * 60_000);
  const waits: Promise<Returned>[] = [stopped, server.returned];
  if (pasting) waits.push(pasting.pasted.then((url) => asReturned(url, server)));
  try {
    return await Promise.race(waits);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', stop);
  }
}

/** The pasted callback. If the input ends without one, as in a script, waits for the browser. */
function asReturned(url: URL | undefined, server: CallbackServer): Returned | Promise<Returned> {
  return url ? { url, finish: async () => undefined } : server.returned;
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

/** Older setups signed sessions on people's machines with the gateway's key. */
function noteUnusedKey({ env, file }: Settings, print: Print): void {
  const key = env.SECRET_KEY?.trim();
  if (!key || invalidSetting(key)) return;
  const mark = print.style('yellow', 'note');
  print.note(
    `${mark} SECRET_KEY in ${file} is not used: a login does not need it. Remove it: with it, anyone can be any user.`,
  );
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
