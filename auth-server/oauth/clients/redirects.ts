import { OAuthError } from '../oauth-error.ts';
import type { Client } from './client.ts';

const longestUri = 500;
/** Three spellings only. Not every system resolves `x.localhost` to itself, and `127.0.0.2` belongs to no known client. */
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(?=[/?]|$)/;
const loopbackHost = /^(localhost|.+\.localhost|127\..*|\[::1\]|\[::ffff:7f.*\])\.?$/;
/** Schemes that run a script, read a file, or start a program of the system with what follows. */
const dangerousSchemes = new RegExp(
  `^(${[
    'about|blob|data|file|filesystem|jar|javascript|livescript|mocha|res|resource|vbscript|view-source|wyciwyg',
    'chrome|chrome-.*|edge|moz-.*|opera|brave|safari-.*|ms-.*|microsoft-.*|search|search-ms|shell|help|hcp|intent',
    'android-app|market|itms.*|app-settings|prefs|apple.*|x-apple.*|facetime.*|callto|mailto|sip|sips|sms.*|tel|skype',
    'ftp|ftps|sftp|ssh|telnet|tn3270|rlogin|rdp|vnc|smb|afp|cifs|nfs|dav|davs|ldap|ldaps|gopher|news|nntp|irc|ircs',
    'ws|wss|urn|magnet|feed|webcal|git|svn|steam|cid|mid|apt|snap|flatpak.*|appstream|disk|vscode-remote|[a-z]',
  ].join('|')}):$`,
);

/**
 * Whether an answer of the authorization server may go to `value`: https on another machine, http on this one, or a
 * scheme of an app (RFC 8252 section 7, RFC 6749 section 3.1.2).
 * @returns `value`
 * @throws {OAuthError} invalid_redirect_uri
 */
export function checkRedirectUri(value: unknown): string {
  const bad = (reason: string) => new OAuthError('invalid_redirect_uri', reason);
  if (typeof value !== 'string') throw bad('A redirect URI must be text.');
  if (value.length > longestUri) throw bad(`A redirect URI may have ${longestUri} characters at most.`);
  if (!/^[\x21-\x7e]+$/.test(value) || /["<>\\^`{|}]/.test(value)) throw bad('A redirect URI must be printable ASCII.');
  if (value.includes('#')) throw bad('A redirect URI must not have a fragment.');
  const url = /^[a-z][a-z0-9+.-]*:\/[^\s]*$/.test(value) ? URL.parse(value) : null;
  if (!url) throw bad('A redirect URI must be an absolute address, such as http://127.0.0.1/callback.');
  // An empty user name before "@" leaves no trace in the parsed URL.
  if (url.username || url.password || /^[^/]*\/\/[^/?]*@/.test(value))
    throw bad('A redirect URI must not have a user name.');
  if (/(\/|%2f)(\.|%2e){1,2}(\/|%2f|\?|$)/i.test(value)) throw bad('A redirect URI must not have dot segments.');
  if (url.protocol === 'http:' && !loopback.test(value))
    throw bad('Use https. http is for localhost, 127.0.0.1 and [::1] only.');
  if (url.protocol === 'https:' && !/^https:\/\/[^/]/.test(value)) throw bad('The address lacks two slashes.');
  if (url.protocol === 'https:' && loopbackHost.test(url.hostname)) throw bad('Use http on localhost.');
  if (dangerousSchemes.test(url.protocol)) throw bad(`No client receives answers at ${url.protocol}`);
  return value;
}

/**
 * Whether a client may have its answer at `asked`: an address that it has registered, letter for letter. On loopback any
 * port will do (RFC 8252 section 7.3). An app client of the user pool may have any address on loopback: where else its
 * answers may go, only the pool knows.
 */
export function redirectAllowed({ redirectUris, kind }: Pick<Client, 'redirectUris' | 'kind'>, asked: string): boolean {
  if (redirectUris.includes(asked)) return true;
  if (!loopback.test(asked) || !isRedirectUri(asked)) return false;
  if (kind === 'configured') return true;
  return redirectUris.some((uri) => loopback.test(uri) && withoutPort(uri) === withoutPort(asked));
}

function isRedirectUri(value: string): boolean {
  try {
    checkRedirectUri(value);
    return true;
  } catch {
    return false;
  }
}

/** An empty path is `/` (RFC 3986 section 6.2.3). */
function withoutPort(uri: string): string {
  return uri.replace(loopback, 'http://$1').replace(/^(http:\/\/[^/?]+)(?=\?|$)/, '$1/');
}
