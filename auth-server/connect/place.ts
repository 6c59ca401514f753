import type { Request } from 'express';
import type { AccountServer } from '../accounts/accounts.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { permitsOf } from '../oauth/consent/permits.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { ConnectDeps } from './deps.ts';

/**
 * The server that an address names, as its route describes it. nginx writes what is known of it and passes on no such header of
 * a client.
 * @throws {LoginFailure} if the person may not use such a server, there is none, or it wants no account
 */
export function placeOf(deps: Pick<ConnectDeps, 'policy'>, req: Request, own: SessionRecord): AccountServer {
  const server = String(req.params.server);
  const isRouted = req.get('x-mcp-routed') === '1' && req.get('x-mcp-server') === server;
  // The same words for a server that does not exist.
  if (!mayUse(deps, own, server) || !isRouted)
    throw new LoginFailure(404, 'There is no such server for you', [
      `No rule of this gateway lets you use a server named ${server}, or there is none of that name.`,
      'What you may use stands on My rights.',
    ]);
  const [account, address] = [req.get('x-mcp-account'), req.get('x-mcp-address')];
  if (account && address) return { server, account, address };
  throw new LoginFailure(404, `${server} needs no account of yours`, [
    'You can use it as it is. Go back to your client.',
  ]);
}

/** Whether a rule lets the person use a server of this name. */
export function mayUse({ policy }: Pick<ConnectDeps, 'policy'>, { groups }: SessionRecord, server: string): boolean {
  return permitsOf(policy(), groups, { kind: 'server', server }).any;
}
