import { cookieFile, cookieNameFor, forgetSession, peekSession } from '../gateway/cookie-file.ts';
import { type CommonOptions, does, type Run, settingsFor, withSession } from '../lib/command.ts';
import { CommandError } from '../lib/failure.ts';
import { endSession } from '../login/session.ts';

interface LogoutOptions extends CommonOptions {
  sessionCookieFile?: string;
}

/** The command `logout`: ends the session at the gateway, and always deletes it here. */
export const logoutCommand = does<LogoutOptions>(
  'logout',
  'End the session at the gateway and delete it here.',
  ['mcp-gateway logout'],
  withSession,
  logout,
);

async function logout({ context, print, options }: Run<LogoutOptions>): Promise<undefined> {
  const file = cookieFile(context, options.sessionCookieFile);
  const session = peekSession(file);
  if (!session) {
    print.result({ logged_out: false, file }, () => 'You were not logged in.');
    return;
  }
  // Only at the session's own gateway: another one would see the cookie and could not end the session.
  const gateway = session.gateway ?? options.gateway;
  try {
    const settings = settingsFor(context, print, { ...options, ...(gateway === undefined ? {} : { gateway }) }, 'user');
    await endSession(settings, print, `${cookieNameFor(settings.gateway)}=${session.cookie}`);
    print.result({ logged_out: true, gateway: settings.gateway, file }, () => `Logged out at ${settings.gateway}.`);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const hints = [
      `The session is deleted here (${file}), but the gateway may accept it until it expires.`,
      ...error.hints,
    ];
    throw new CommandError(error.exitCode, error.message, { hints, cause: error });
  } finally {
    forgetSession(file);
  }
}
