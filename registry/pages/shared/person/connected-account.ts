import type { ConnectedAccount } from '../../../../common/doors/accounts.ts';
import { accountOf, addressOf, type RegisteredServer } from '../../../servers/server.ts';
import { cleaned } from '../format.ts';

/** A person's account at a server as a page shows it. */
export type ShownAccount = ReturnType<typeof shownAccount>;

const longestName = 80;

/** Why an account has to be connected again. */
const words: Record<Exclude<ConnectedAccount['state'], 'ok'>, string> = {
  ended: 'the provider does not accept the connection any more',
  moved: 'the address of the server, or its provider, has changed since',
  more_scopes: 'the server wants more rights',
  refuses: 'the server refuses the account',
};

/**
 * @param server as it is registered now; undefined if it is gone
 */
export function shownAccount(account: ConnectedAccount, server: RegisteredServer | undefined) {
  const at = (seconds: number) => new Date(seconds * 1000);
  const { provider, name, state, settingsPage, revokes } = account;
  const wants = server !== undefined && accountOf(server) === account.account;
  const isMoved = state === 'ok' && wants && addressOf(server) !== account.address;
  const why = isMoved ? words.moved : state === 'ok' ? undefined : words[state];
  return {
    server: account.server,
    account: account.account,
    /** Whether there still is such a server. */
    isThere: server !== undefined,
    provider: cleaned(provider, longestName),
    /** The account's name at the provider; empty if it is not known. */
    name: name === null ? '' : cleaned(name, longestName),
    since: at(account.since),
    lastUsed: at(account.lastUsed),
    /** Why it does not count as it is; undefined if it does. */
    why: wants ? why : 'the server wants no such account any more',
    /** Where it can be connected again; undefined if the server does not want it. */
    again: wants && why ? `/accounts/connect/${account.server}` : undefined,
    settingsPage,
    revokes,
  };
}

/** What stands in a note after an account was disconnected. */
export function disconnectedNote({ provider, server, settingsPage, revokes }: ShownAccount) {
  const more = revokes
    ? [`${provider} is told within a day at the latest.`]
    : [
        `${provider} takes no word from the gateway${settingsPage ? ': take the right away there, too.' : '. Take the right away there, too, in the settings of your account.'}`,
      ];
  const link = settingsPage ? { link: { href: settingsPage, label: `Settings at ${provider}` } } : {};
  return { tone: 'good', text: `Disconnected: the ${provider} account at ${server}.`, more, ...link } as const;
}
