import type { Request } from 'express';
import type { OAuthDeps } from '../deps.ts';
import type { AuthorizationRequest } from '../store/requests.ts';
import { requestGone } from './refusal.ts';

/**
 * The request that an address names, answered or not.
 * @throws {RequestRefused} if this browser has not made it, or it has expired
 */
export async function findRequest({ requests, browser }: OAuthDeps, req: Request): Promise<AuthorizationRequest> {
  const found = await requests.find(String(req.params.uid), browser.currentValue(req));
  if (!found) throw requestGone();
  return found;
}

/** The same, if it is not answered yet. */
export async function openRequest(deps: OAuthDeps, req: Request): Promise<AuthorizationRequest> {
  const found = await findRequest(deps, req);
  if (found.answer !== undefined) throw requestGone();
  return found;
}
