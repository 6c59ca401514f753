import { hash } from 'node:crypto';

/** What the command line and the gateway's authorization server agree on, so that the command line needs no registration. */
export const commandLine = {
  /** Its `client_id`. Every copy has the same one, so it proves nothing. */
  id: 'mcp-gateway',
  /** The path of the only resource that it asks for, and of the endpoint that takes its code. */
  sessionPath: '/oauth2/session',
  /** Where it gets its answer, on any port (RFC 8252 section 7.3). */
  redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
} as const;

/** No vowels, so that no words come about, and no digits (RFC 8628 section 6.1). */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';

/**
 * What the terminal and the page that asks both show: a page that was opened by anything else than the person's own terminal
 * shows letters that are not there.
 * @param challenge the `code_challenge` of the login
 * @returns eight letters, such as `BCDF-GHJK`
 */
export function checkLetters(challenge: string): string {
  const bytes = hash('sha256', `check letters ${challenge}`, 'buffer').subarray(0, 8);
  const text = Array.from(bytes, (byte) => letters[byte % letters.length]).join('');
  return `${text.slice(0, 4)}-${text.slice(4)}`;
}
