import type { Request } from 'express';
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client';
import type { LoggedIn, LoginAttempt, OAuthClient } from '../cognito/oauth-client.ts';
import { explainFailure } from './login-failure.ts';

/**
 * Begins a login at a provider.
 * @param prompt `login` lets the person name another account than the one that the provider remembers
 * @returns what has to be kept until the browser comes back, and where to send it
 * @throws {LoginFailure} if the provider cannot be reached
 */
export async function beginLogin(
  client: OAuthClient,
  publicUrl: string,
  prompt?: 'login',
): Promise<{ attempt: LoginAttempt; url: URL }> {
  const attempt = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
  const url = await client.authorizeUrl(attempt, callbackUrl(client, publicUrl), prompt).catch((error) => {
    throw explainFailure(error, client.settings.title);
  });
  return { attempt, url };
}

/**
 * Completes a login with the callback that the browser came back to.
 * @throws {LoginFailure} if the provider refuses it or cannot be reached
 */
export async function completeLogin(
  client: OAuthClient,
  publicUrl: string,
  req: Request,
  attempt: LoginAttempt,
): Promise<LoggedIn> {
  const currentUrl = new URL(callbackUrl(client, publicUrl));
  currentUrl.search = new URL(req.originalUrl, publicUrl).search;
  const person = await client.logIn(currentUrl, attempt).catch((error) => {
    throw explainFailure(error, client.settings.title);
  });
  return { ...person, address: req.get('x-real-ip') };
}

/** Always built from REGISTRY_URL: with a Host header, a stranger could choose where the code is sent. */
export function callbackUrl({ settings }: OAuthClient, publicUrl: string): string {
  return `${publicUrl}/oauth2/callback/${settings.name}`;
}
