import type { Response } from 'express';
import type { OAuthDeps } from '../deps.ts';
import type { Asked } from '../store/requests.ts';

/** What a redirect address says about who gets the answer. */
export type Destination =
  /** A program on this computer, at a port. */
  | 'loopback'
  /** A program on this computer that opens addresses of its own scheme. */
  | 'private'
  /** The site whose metadata document describes the client. */
  | 'verified'
  /** Another site. */
  | 'site';

type Parameters = { code?: string | undefined; error?: string; error_description?: string };

export function destinationOf({ client, redirectUri }: Pick<Asked, 'client' | 'redirectUri'>): Destination {
  const { protocol, host } = new URL(redirectUri);
  if (protocol === 'http:') return 'loopback';
  if (protocol !== 'https:') return 'private';
  return client.kind === 'document' && new URL(client.id).host === host ? 'verified' : 'site';
}

/** The address that takes an answer to the client, always with `iss` (RFC 9207): Gemini CLI refuses one without it. */
function answerAddress(publicUrl: string, asked: Asked, parameters: Parameters): string {
  const { redirectUri, state } = asked;
  const all = Object.entries({ ...parameters, state, iss: publicUrl });
  const query = new URLSearchParams(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`;
}

/** Sends the browser to the client with an answer. With an address of a program, the tab stays, so it gets a page. */
export function sendAnswer(deps: OAuthDeps, res: Response, asked: Asked, parameters: Parameters): void {
  const address = answerAddress(deps.publicUrl, asked, parameters);
  res.set('Cache-Control', 'no-store');
  if (destinationOf(asked) !== 'private') res.redirect(303, address);
  else
    deps.pages.sent(res, {
      address,
      client: asked.client.name ?? 'the program',
      allowed: parameters.code !== undefined,
    });
}
