import type { Logger } from '../../common/service/log.ts';
import { cleanText } from '../../common/text/clean.ts';
import { type AuditEvents, actorOf } from '../decisions/events.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { Connections } from './accounts.ts';

/** What has happened to an account at a server: what the audit calls it, as a method. */
export type AccountEvent = 'accounts/connect' | 'accounts/disconnect';

/** What people's accounts at servers are listed and ended with. */
export interface KeptAccounts {
  connections: Connections;
  /** One record of each connection and disconnection. */
  accountRecords: AccountRecords;
}

type AccountRecords = ReturnType<typeof createAccountRecords>;

const longestName = 80;

/** An account's name as a provider gives it, to be shown: nothing in it acts, and it is short. */
export function shownAccountName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : cleanText(name, { replace: ' ' }).trim().slice(0, longestName) || undefined;
}

/** Writes the audit's records of connections: who, at which server, which account. Never a token. */
export function createAccountRecords(events: Pick<AuditEvents, 'account'>, log: Logger) {
  return {
    /** @param name the account's name at the provider, if it is known */
    add(
      method: AccountEvent,
      person: Pick<SessionRecord, 'sub' | 'username' | 'shownName' | 'usedAddress'>,
      { server, name }: { server: string; name: string | undefined },
    ): void {
      const { address, ...who } = actorOf(person);
      const object = shownAccountName(name);
      events.account(method, { ...who, address }, { server, object });
      const words = method === 'accounts/connect' ? 'a person has connected an account' : 'an account was disconnected';
      log.info({ reason: method.replace('/', '_'), ...who, server, account_name: object }, words);
    },
  };
}
