import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../../common/service/log.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import type { UpstreamSecrets } from '../../../common/upstream-secrets/watch.ts';
import { AuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';
import type { AccountStore } from '../../store/accounts/account.ts';
import type { AccountRow } from '../../store/accounts/account-row.ts';
import { accountKey } from '../account-key.ts';
import type { AccountServer, Accounts, Found, Refusal } from '../accounts.ts';
import type { Vault } from '../vault/vault.ts';
import { createOpener } from './held-tokens.ts';
import { about, type Refresh } from './refresh.ts';

export interface FindDeps {
  secrets: Pick<UpstreamSecrets, 'account'>;
  rows: AccountStore;
  vault: Vault;
  refresh: Refresh;
  log: Logger;
  /** How long a call waits for the provider. Default 1 s: nginx waits 1.5 s for the whole answer. */
  waitMilliseconds?: number | undefined;
}

/** A server that refuses every token must not make the gateway ask its provider for each call. */
const forcedEverySeconds = 600;
const lookAgainMilliseconds = 100;

/** People's tokens at the gate. */
export function createAccounts(deps: FindDeps): Accounts {
  const { rows } = deps;
  const open = createOpener(deps.vault);
  const token = async (row: AccountRow): Promise<Found> => {
    const held = await open(row);
    return held ? { token: held.access, version: row.version } : { none: 'ended' };
  };
  return {
    async find(subject, at) {
      const entry = entryFor(deps, at);
      const key = accountKey({ subject, ...at });
      const known = await rows.find(key);
      // An account that was connected again just now, by another process.
      const row = known && !isUsable(known, entry, at) ? await rows.read(key) : known;
      const none = noneFor(row, entry, at);
      if (none) return none;
      const account = row as AccountRow;
      const now = nowInSeconds();
      rows.use(account, now);
      const found = await token(account);
      if ('none' in found) return found;
      if (hasEnded(account, now)) return await afterRefresh(deps, account, entry, at, token);
      if (account.refreshAt !== undefined && account.refreshAt <= now) void deps.refresh(account, entry);
      return found;
    },
    async refused(subject, at, refusal) {
      const entry = entryFor(deps, at);
      const row = await rows.read(accountKey({ subject, ...at }));
      if (row?.version === refusal.version && isUsable(row, entry, at)) await afterRefusal(deps, row, entry, refusal);
    },
  };
}

function entryFor({ secrets }: FindDeps, { server, account, address }: AccountServer): AccountProvider {
  const entry = secrets.account(account, { server, address });
  if (entry) return entry;
  const cause = new Error(
    `UPSTREAM_SECRETS_FILE has no account "${account}" that the server "${server}" may use at ${address}`,
  );
  throw unavailable(server, cause);
}

function unavailable(server: string, cause: Error): AuthError {
  return new AuthError('account_unavailable', texts.account_unavailable(server), { cause });
}

function isUsable(row: AccountRow, entry: AccountProvider, at: AccountServer): boolean {
  return noneFor(row, entry, at) === undefined;
}

function noneFor(row: AccountRow | undefined, entry: AccountProvider, { address }: AccountServer) {
  if (!row) return { none: 'not_connected' } as const;
  if (row.address !== address || row.identity !== entry.identity) return { none: 'moved' } as const;
  return row.state === 'ok' ? undefined : { none: row.state };
}

function hasEnded({ isConfirmed, expiresAt }: AccountRow, now: number): boolean {
  return !isConfirmed || (expiresAt !== undefined && expiresAt <= now);
}

/** Waits for a refresh, by this process or another one, as long as a decision may take. */
async function afterRefresh(
  deps: FindDeps,
  row: AccountRow,
  entry: AccountProvider,
  at: AccountServer,
  token: (row: AccountRow) => Promise<Found>,
): Promise<Found> {
  const { rows, refresh, waitMilliseconds = 1_000 } = deps;
  const stop = new AbortController();
  const late = sleep(waitMilliseconds, 'late' as const, { signal: stop.signal, ref: false }).catch(
    () => 'late' as const,
  );
  try {
    for (;;) {
      const outcome = await Promise.race([refresh(row, entry), late]);
      if (outcome === 'failed' || outcome === 'late')
        throw unavailable(at.server, new Error(`the provider of "${entry.name}" did not renew the token in time`));
      const now = await rows.read(row.key);
      const none = noneFor(now, entry, at);
      if (none) return none;
      if (now && !hasEnded(now, nowInSeconds())) return await token(now);
      if (outcome === 'ended') return { none: 'ended' };
      await sleep(lookAgainMilliseconds, undefined, { ref: false });
    }
  } finally {
    stop.abort();
  }
}

async function afterRefusal(deps: FindDeps, row: AccountRow, entry: AccountProvider, refusal: Refusal): Promise<void> {
  const { rows, refresh, log } = deps;
  if (refusal.why === 'insufficient_scope') {
    const missing = refusal.scopes.filter((scope) => !row.scopes.includes(scope));
    const isAskedFor = missing.some((scope) => entry.scopes.includes(scope));
    // Other calls may go on: to connect again would help only if the gateway asked for more than it did.
    if (isAskedFor) await rows.stop(row, 'more_scopes');
    else
      log.warn(
        { scopes: missing.slice(0, 10), ...about(row) },
        'a server wants scopes that the account entry does not ask for',
      );
    return;
  }
  const isSecond = nowInSeconds() - row.forcedAt < forcedEverySeconds;
  if (isSecond && (await rows.stop(row, 'refuses')))
    log.warn(about(row), "a server refuses a person's account although its provider has just renewed it");
  if (!isSecond) await refresh(row, entry, true);
}
