import type { RequestHandler, Response } from 'express';
import { endpointsOf, parseServerAddress } from '../../common/upstream-secrets/server-address.ts';
import { browserSession } from '../account/browser-session.ts';
import { type AccountServer, type ConnectedAccount, ConnectFailure } from '../accounts/accounts.ts';
import { shownAccountName } from '../accounts/records.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { type ConnectDeps, connectPath } from './deps.ts';
import { placeOf } from './place.ts';
import { explain, scopesInWords } from './words.ts';

/** Title of the page for those who cannot connect an account. */
export const refused = 'No account can be connected here';

/**
 * `GET /accounts/connect/:server` says what connecting an account means, or which account is connected. It changes nothing: a link
 * to it must not connect anything.
 */
export function showConnect(deps: ConnectDeps): RequestHandler {
  return async (req, res) => {
    const own = await browserSession(deps, req, refused);
    if (!own) return toLogin(res, String(req.params.server));
    const at = placeOf(deps, req, own);
    const account = await accountAt(deps, own, at);
    if (account?.state === 'ok') return showConnected(deps, res, own, account);
    const view = await deps.connections.describe(at).catch((error) => {
      throw explain(error, at.server);
    });
    const endpoint = endpointOf(at);
    const { words, names } = scopesInWords(view.scopes);
    deps.pages.connect(res, {
      title: `Connect ${view.title} to ${at.server}`,
      server: at.server,
      address: at.address,
      endpoint,
      host: new URL(endpoint).host,
      provider: { title: view.title, host: view.host, settingsPage: view.settingsPage },
      abilities: { words, names },
      why: account && whyAgain[account.state],
      isOther: req.query.again !== undefined,
      person: own.shownName ?? own.username,
      idleDays: deps.accountIdleDays,
    });
  };
}

/** Sends a person without a session to the login, and back. */
export function toLogin(res: Response, server: string): void {
  res.set('Cache-Control', 'no-store').redirect(303, `/login?redirect_uri=${encodeURIComponent(connectPath(server))}`);
}

/** The person's account at a server as it is now: one that was connected for another address has moved. */
async function accountAt(
  { connections }: ConnectDeps,
  { sub }: SessionRecord,
  { server, account, address }: AccountServer,
): Promise<ConnectedAccount | undefined> {
  const all = await connections.list(sub);
  const found = all.find((each) => each.server === server && each.account === account);
  return found && (found.address === address ? found : { ...found, state: 'moved' });
}

function showConnected(deps: ConnectDeps, res: Response, own: SessionRecord, account: ConnectedAccount): void {
  const { server, provider, address, settingsPage, revokes } = account;
  const name = shownAccountName(account.name);
  deps.pages.connected(res, {
    title: 'Connected',
    ...{ server, address, provider, name, settingsPage, revokes },
    person: own.shownName ?? own.username,
  });
}

const whyAgain: Record<Exclude<ConnectedAccount['state'], 'ok'>, string> = {
  ended: 'The provider does not accept your earlier connection any more.',
  moved: 'The address of this server, or its provider, has changed since you connected it.',
  more_scopes: 'The server wants more rights than you have given it.',
  refuses: 'The server has refused your account, although its connection is good.',
};

/** The first endpoint of a server. @throws {LoginFailure} if nginx has written an address that is none */
function endpointOf({ server, address }: AccountServer): string {
  const location = parseServerAddress(address);
  const [first] = location ? endpointsOf(location) : [];
  if (first !== undefined) return first;
  throw explain(new ConnectFailure('provider_unusable', 'nginx sends X-Mcp-Address in another form'), server);
}
