import { hash, randomBytes } from 'node:crypto';
import { checkLetters, commandLine } from '../../common/identity/command-line.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { safeText } from '../lib/print.ts';

/** One login at the gateway's authorization server. */
export interface GatewayLogin {
  state: string;
  /** What the page that asks shows too, so that the person knows it is theirs. */
  letters: string;
  /** The address to open in the browser, which leads back to `redirectUri`. */
  addressFor(redirectUri: string): URL;
  /**
   * What the gateway exchanges for a session, from the callback of this login.
   * @throws {CommandError} notLoggedIn: the answer is a refusal, or from elsewhere
   */
  proofIn(callback: URL): LoginProof;
}

/** The body of `POST /oauth2/session`. */
export interface LoginProof {
  code: string;
  code_verifier: string;
  redirect_uri: string;
}

const random = () => randomBytes(32).toString('base64url');

/**
 * Starts a login by the authorization code flow with PKCE and state (RFC 6749, RFC 7636, RFC 8252). The code is exchanged for a
 * session, so there are no tokens.
 * @param gateway its origin
 */
export function beginLogin(gateway: string): GatewayLogin {
  const [state, verifier] = [random(), random()];
  const challenge = hash('sha256', verifier, 'base64url');
  return {
    state,
    letters: checkLetters(challenge),
    addressFor(redirectUri) {
      const url = new URL('/oauth2/authorize', gateway);
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: commandLine.id,
        redirect_uri: redirectUri,
        resource: gateway + commandLine.sessionPath,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        state,
      }).toString();
      return url;
    },
    proofIn(callback) {
      const { searchParams, origin, pathname } = callback;
      const [code, error, issuer] = ['code', 'error', 'iss'].map((name) => searchParams.get(name));
      if (error) throw refused(error, searchParams.get('error_description') ?? '');
      // RFC 9207: another server's answer must not be shown to this one. A code that was pasted alone has no issuer.
      if (!code || (issuer && issuer !== gateway))
        throw new CommandError(exitCodes.notLoggedIn, 'The answer is not one of this gateway.', { hints: [again] });
      return { code, code_verifier: verifier, redirect_uri: origin + pathname };
    },
  };
}

export const again = 'Log in again: mcp-gateway login';

function refused(error: string, description: string): CommandError {
  const message =
    error === 'access_denied'
      ? 'The login was cancelled.'
      : `The gateway refused the login (${safeText(error).slice(0, 60)}). ${safeText(description).slice(0, 300)}`.trim();
  return new CommandError(exitCodes.notLoggedIn, message, { hints: [again] });
}
