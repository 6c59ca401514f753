import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Context } from '../lib/context.ts';
import { CommandError, exitCodes, usageError } from '../lib/failure.ts';
import { makePrivateFolder, writePrivateFile } from '../lib/private-file.ts';
import type { Settings } from '../lib/settings.ts';

/** A person's session, stored between commands. */
export interface KeptSession {
  cookieName: string;
  /** The cookie's value. */
  cookie: string;
  /** Undefined if only the cookie is known. */
  username?: string | undefined;
  /** Its latest end, in seconds since 1970. */
  expiresAt?: number | undefined;
}

const about = z.object({ gateway: z.string(), cookie_name: z.string(), username: z.string(), expires_at: z.number() });
const again = 'Log in: mcp-gateway login';

/** The path `~/.mcp/session_cookie`. The file holds only the cookie's value, as the original's agents expect. */
export function cookieFile({ home }: Context, given?: string): string {
  return given ?? join(home, '.mcp', 'session_cookie');
}

/**
 * Reads the session. `<file>.json`, if present, names its user and gateway: the cookie is sent to no other gateway.
 * @throws {CommandError} notLoggedIn: it is missing, expired or of another gateway; usage: other users may read the file
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

/** Stores a session: the cookie in `file` (mode 0600), its user, gateway and expiry in `<file>.json`. */
export function keepSession(file: string, gateway: string, session: KeptSession): void {
  const { cookieName, cookie, username = '', expiresAt = 0 } = session;
  makePrivateFolder(join(file, '..'));
  // After a crash here, the old details must not describe the new cookie.
  rmSync(`${file}.json`, { force: true });
  writePrivateFile(file, `${cookie}\n`);
  const text = JSON.stringify({ gateway, cookie_name: cookieName, username, expires_at: expiresAt });
  writePrivateFile(`${file}.json`, `${text}\n`);
}

/** Reads the stored session without checking it, for logout. */
export function peekSession(file: string): { cookie: string; gateway: string | undefined } | undefined {
  try {
    return { cookie: readFileSync(file, 'utf8').trim(), gateway: readAbout(file)?.gateway };
  } catch {
    return undefined;
  }
}

/** The name of the gateway's cookie; on https its prefix binds it to this host. */
export function cookieNameFor(gateway: string): string {
  return gateway.startsWith('https:') ? '__Host-mcp_gateway_session' : 'mcp_gateway_session';
}

/** Deletes a session, if there is one. */
export function forgetSession(file: string): void {
  for (const one of [file, `${file}.json`]) rmSync(one, { force: true });
}

function readCookie(file: string): string {
  let text: string;
  try {
    if (statSync(file).mode & 0o077)
      throw usageError(`Other users of this machine may read your session in ${file}.`, [
        `If you trust them: chmod 600 ${file}. Otherwise: mcp-gateway logout`,
      ]);
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'You are not logged in' : `${file} cannot be read (${code})`;
    throw new CommandError(exitCodes.notLoggedIn, `${why}.`, { hints: [again], cause: error });
  }
  // The characters of a cookie's value (RFC 6265 section 4.1.1). Others could start a second header or cookie.
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
