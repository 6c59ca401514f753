import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Context } from '../lib/context.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { makePrivateFolder, writePrivateFile } from '../lib/private-file.ts';
import type { Settings } from '../lib/settings.ts';

/** A person's session as it is kept between commands. */
export interface KeptSession {
  cookieName: string;
  /** The cookie's value. */
  cookie: string;
  /** Undefined where only the cookie is known. */
  username?: string | undefined;
  /** When it ends at the latest, in seconds since 1970. */
  expiresAt?: number | undefined;
}

const about = z.object({ gateway: z.string(), cookie_name: z.string(), username: z.string(), expires_at: z.number() });
const again = 'Log in: mcp-gateway login';

/** `~/.mcp/session_cookie`: the cookie's value and nothing else, as the agents of the original read it. */
export function cookieFile({ home }: Context, given?: string): string {
  return given ?? join(home, '.mcp', 'session_cookie');
}

/**
 * Reads the session. Beside the cookie may stand, in `<file>.json`, whose it is and for which gateway: a cookie is never
 * sent to another one.
 * @throws {CommandError} notLoggedIn: there is none, it has expired, it is for another gateway; usage: others may read it
 */
export function readSession(context: Context, { gateway, file: settingsFile }: Settings, given?: string): KeptSession {
  const file = cookieFile(context, given);
  const cookie = readCookie(file);
  const known = readAbout(file);
  if (!known) return { cookieName: cookieNameFor(gateway), cookie };
  if (known.gateway !== gateway) {
    throw new CommandError(exitCodes.notLoggedIn, `You are logged in at ${known.gateway}, not at ${gateway}.`, {
      hints: [`${again}, or set REGISTRY_URL (${settingsFile}).`],
    });
  }
  if (known.expires_at * 1000 <= Date.now()) {
    const ended = new Date(known.expires_at * 1000).toLocaleString('sv-SE');
    throw new CommandError(exitCodes.notLoggedIn, `The session of ${known.username} has expired (${ended}).`, {
      reason: 'session_expired',
      hints: [again],
    });
  }
  return { cookieName: known.cookie_name, cookie, username: known.username, expiresAt: known.expires_at };
}

/** Keeps a session: the cookie (0600, at once), and beside it whose it is. */
export function keepSession(file: string, gateway: string, session: KeptSession): void {
  const { cookieName, cookie, username = '', expiresAt = 0 } = session;
  makePrivateFolder(join(file, '..'));
  // The old one's companion must not be taken for the new one's if this is where we die.
  rmSync(`${file}.json`, { force: true });
  writePrivateFile(file, `${cookie}\n`);
  const text = JSON.stringify({ gateway, cookie_name: cookieName, username, expires_at: expiresAt });
  writePrivateFile(`${file}.json`, `${text}\n`);
}

/** What is kept, without asking whether it is still good; for ending it. */
export function peekSession(file: string): { cookie: string; gateway: string | undefined } | undefined {
  try {
    return { cookie: readFileSync(file, 'utf8').trim(), gateway: readAbout(file)?.gateway };
  } catch {
    return undefined;
  }
}

/** The name that the gateway's cookie has; on https browsers hold it to this host alone. */
export function cookieNameFor(gateway: string): string {
  return gateway.startsWith('https:') ? '__Host-mcp_gateway_session' : 'mcp_gateway_session';
}

/** Forgets a session. @returns whether there was one */
export function forgetSession(file: string): boolean {
  const was = statSync(file, { throwIfNoEntry: false }) !== undefined;
  for (const one of [file, `${file}.json`]) rmSync(one, { force: true });
  return was;
}

function readCookie(file: string): string {
  let text: string;
  try {
    if (statSync(file).mode & 0o077)
      throw new CommandError(exitCodes.usage, `Others on this machine may read your session in ${file}.`, {
        hints: [`If only you could so far: chmod 600 ${file}. Otherwise: mcp-gateway logout`],
      });
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'You are not logged in' : `${file} cannot be read (${code})`;
    throw new CommandError(exitCodes.notLoggedIn, `${why}.`, { hints: [again], cause: error });
  }
  // RFC 6265 section 4.1.1: what a cookie's value may be made of. Anything else would be a second header or cookie.
  if (/^[!#-+\--:<-[\]-~]+$/.test(text)) return text;
  throw new CommandError(exitCodes.notLoggedIn, `There is no session cookie in ${file}.`, { hints: [again] });
}

function readAbout(file: string): z.infer<typeof about> | undefined {
  try {
    return about.parse(JSON.parse(readFileSync(`${file}.json`, 'utf8')));
  } catch {
    return undefined;
  }
}
