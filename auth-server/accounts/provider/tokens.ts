import type * as oidc from 'openid-client';
import { ProviderFault } from './fault.ts';

/** What is kept of a provider's answer. */
export interface Tokens {
  access: string;
  refresh: string | undefined;
  /** Undefined if the provider did not say. */
  expiresIn: number | undefined;
  scopes: readonly string[];
}

/** A header of a server, and nginx's buffers, have to hold it. */
const longestToken = 8_000;
/** A longer life says no more: times have to fit into the database. */
const longestLife = 366 * 86_400;
const longestScopes = 4_000;

/**
 * Checks the tokens of an answer.
 * @param asked the scopes that were asked for: without others in the answer these are granted (RFC 6749 section 5.1)
 * @throws {ProviderFault} unusable
 */
export function readTokens(answer: oidc.TokenEndpointResponse, asked: readonly string[]): Tokens {
  const { access_token: access, refresh_token: refresh, token_type: type, expires_in: life, scope } = answer;
  if (type !== 'bearer') throw unusable('its token is not a bearer token');
  if (!/^[!-~]+$/.test(access)) throw unusable('its token holds characters that no header can carry');
  if (access.length > longestToken) throw unusable(`its token is longer than ${longestToken} characters`);
  if (refresh !== undefined && (refresh.length > longestToken || !/^[ -~]+$/.test(refresh)))
    throw unusable('its refresh token is too long, or holds line breaks');
  if (life !== undefined && !(life > 0)) throw unusable('its token has ended already');
  return {
    access,
    refresh,
    expiresIn: life === undefined ? undefined : Math.min(Math.floor(life), longestLife),
    scopes: scope === undefined ? asked : scopesIn(scope),
  };
}

/** Separated by spaces, or by commas as GitHub and Slack do. */
function scopesIn(text: string): string[] {
  if (text.length > longestScopes) throw unusable('its list of scopes is too long');
  return text.split(/[\s,]+/).filter((scope) => /^[!-~]+$/.test(scope));
}

function unusable(why: string): ProviderFault {
  return new ProviderFault('unusable', why);
}
