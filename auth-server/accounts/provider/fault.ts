import * as oidc from 'openid-client';
import { UnreadableAnswer } from '../../../common/answers/limits.ts';
import { HostError } from '../../../common/network/vetted-addresses.ts';

/**
 * What a provider's fault means:
 * - `ended`: it no longer accepts the person's token or code;
 * - `declined`: the person, or its rules, said no;
 * - `unavailable`: it does not answer, or answers with a fault of its own: ask again later;
 * - `unusable`: what it says cannot be used, or it does not accept the gateway as its client: the operator has to look.
 */
export type FaultKind = 'ended' | 'declined' | 'unavailable' | 'unusable';

/** A fault of a provider. The message is for the operator's log, and holds nothing secret. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly kind: FaultKind;
  constructor(kind: FaultKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** How a refused refresh token or code is called: RFC 6749 section 5.2, GitHub, Slack. */
const endings = new Set([
  ...['invalid_grant', 'bad_refresh_token', 'bad_verification_code', 'invalid_refresh_token', 'invalid_code'],
  ...['token_revoked', 'token_expired'],
]);
const passing = new Set(['temporarily_unavailable', 'server_error', 'slow_down', 'ratelimited', 'rate_limited']);
const longestCode = 100;

/** Reads whatever openid-client or the network has thrown. The text of an answer is never repeated, only its error code. */
export function toFault(error: unknown): ProviderFault {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  const known = ownFault(error) ?? (error instanceof oidc.ClientError ? ownFault(cause) : undefined);
  if (known) return known;
  if (error instanceof oidc.ResponseBodyError) return ofAnswer(error.error, error.status);
  if (error instanceof oidc.AuthorizationResponseError) return ofCallback(error.error);
  if (error instanceof oidc.WWWAuthenticateChallengeError) return ofStatus(error.status);
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' && cause instanceof Response) return ofStatus(cause.status);
  if (String(code) === 'OAUTH_TIMEOUT' || !String(code).startsWith('OAUTH_'))
    return new ProviderFault('unavailable', `it does not answer (${code ?? (error as Error).name})`);
  return new ProviderFault('unusable', `its answer cannot be used: ${(error as Error).message}`);
}

/** What the fetch below openid-client has thrown. */
function ownFault(error: unknown): ProviderFault | undefined {
  if (error instanceof ProviderFault) return error;
  if (error instanceof HostError)
    return new ProviderFault(error.isUnreachable ? 'unavailable' : 'unusable', error.message);
  if (error instanceof UnreadableAnswer)
    return new ProviderFault('unusable', `its answer cannot be read: ${error.message}`);
  return undefined;
}

function ofAnswer(code: string, status: number): ProviderFault {
  const shown = /^[\w.-]+$/.test(code) ? code.slice(0, longestCode) : 'an error without a plain code';
  if (endings.has(code)) return new ProviderFault('ended', `it answers ${shown}`);
  if (code === 'access_denied') return new ProviderFault('declined', `it answers ${shown}`);
  if (passing.has(code) || status === 429) return new ProviderFault('unavailable', `it answers ${shown}`);
  return new ProviderFault('unusable', `it answers ${shown} with HTTP ${status}: is the client of the entry right?`);
}

function ofCallback(code: string): ProviderFault {
  return passing.has(code) || code === 'access_denied' ? ofAnswer(code, 400) : ofAnswer(code, 302);
}

function ofStatus(status: number): ProviderFault {
  const isPassing = status >= 500 || status === 429;
  if (status >= 300 && status < 400)
    return new ProviderFault('unusable', `it answers HTTP ${status}: redirects are not followed`);
  return new ProviderFault(isPassing ? 'unavailable' : 'unusable', `it answers HTTP ${status}`);
}
