import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../../common/service/log.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import type { AccountStore } from '../../store/accounts/account.ts';
import type { AccountLease, AccountRow, NewTokens } from '../../store/accounts/account-row.ts';
import type { DepartedStore } from '../../store/accounts/departed.ts';
import { type ProviderFault, toFault } from '../provider/fault.ts';
import type { Providers } from '../provider/provider.ts';
import { resourceIn } from '../resource.ts';
import type { Vault } from '../vault/vault.ts';
import { type HeldTokens, lockTokens, openTokens } from './held-tokens.ts';

export interface RefreshDeps {
  rows: AccountStore;
  departed: DepartedStore;
  providers: Pick<Providers, 'refresh'>;
  vault: Vault;
  log: Logger;
}

/**
 * - `changed`: the account has other tokens or another state now;
 * - `ended`: the provider no longer accepts it;
 * - `failed`: the provider or the database did not answer as it should: the tokens stay as they are;
 * - `busy`: another process is asking.
 */
export type RefreshOutcome = 'changed' | 'ended' | 'failed' | 'busy';

export type Refresh = ReturnType<typeof createRefresh>;

/** Longer than a refresh can take: the provider's document and its answer, 5 s each, and the write. */
const leaseSeconds = 30;
/** After a failure the provider is not asked about the account for this long, and callers do not wait for it. */
const rememberFailureMilliseconds = 5_000;
/** A refresh ahead that failed is tried again after this time; once the token has ended, each call tries. */
const aheadAgainSeconds = 60;
const writeTries = 4;

/**
 * Renews the tokens of accounts, one refresh at a time for each account over all processes and machines.
 * @returns refreshes an account, given as it is known here. Never rejects. `isForced`: a server has refused its token
 */
export function createRefresh(deps: RefreshDeps) {
  const running = new Map<string, Promise<RefreshOutcome>>();
  const failed = new LRUCache<string, true>({ max: 10_000, ttl: rememberFailureMilliseconds, ttlResolution: 0 });
  return async (row: AccountRow, entry: AccountProvider, isForced = false): Promise<RefreshOutcome> => {
    const { key } = row;
    if (failed.has(key)) return 'failed';
    const current = running.get(key);
    if (current) return await current;
    const work = inTurn(deps, row, entry, isForced).finally(() => running.delete(key));
    running.set(key, work);
    const outcome = await work;
    if (outcome === 'failed') failed.set(key, true);
    return outcome;
  };
}

async function inTurn(
  deps: RefreshDeps,
  row: AccountRow,
  entry: AccountProvider,
  isForced: boolean,
): Promise<RefreshOutcome> {
  const { rows, log } = deps;
  try {
    const lease = await rows.lease(row.key, leaseSeconds);
    if (!lease) return (await rows.read(row.key))?.version === row.version ? 'busy' : 'changed';
    // Another process has refreshed just now: a provider that rotates refresh tokens accepts each of them once.
    if (lease.row.version !== row.version || lease.row.state !== 'ok') {
      await rows.release(lease);
      await rows.read(row.key);
      return 'changed';
    }
    return await leased(deps, lease, entry, isForced);
  } catch (err) {
    log.error({ err, ...about(row) }, "a person's account could not be refreshed: the database does not answer");
    return 'failed';
  }
}

async function leased(deps: RefreshDeps, lease: AccountLease, entry: AccountProvider, isForced: boolean) {
  const { rows, providers, vault } = deps;
  const { row } = lease;
  const held = await openTokens(vault, row.key, row.locked);
  const resource = resourceIn(row.address);
  // No key opens it here. Another machine may have the key: the row stays.
  if (!held || resource === undefined) {
    await rows.release(lease);
    return 'ended';
  }
  if (held.refresh === undefined) return await end(deps, row, 'the provider gave no refresh token');
  try {
    const given = { refresh: held.refresh, scopes: row.scopes };
    const tokens = await providers.refresh({ entry, resource }, held.clientId, given);
    const next = await lockTokens(vault, row.key, held.clientId, tokens);
    await keep(deps, lease, next, isForced ? nowInSeconds() : undefined);
    return 'changed';
  } catch (error) {
    return await afterFault(deps, lease, toFault(error), held);
  }
}

async function afterFault(deps: RefreshDeps, lease: AccountLease, fault: ProviderFault, held: HeldTokens) {
  const { rows, log } = deps;
  const { row } = lease;
  if (fault.kind === 'ended' || fault.kind === 'declined') return await end(deps, row, fault.message);
  const isOurs = fault.kind === 'unusable';
  const what = isOurs
    ? "people's accounts cannot be refreshed: the provider does not accept the gateway's request. Check the entry in UPSTREAM_SECRETS_FILE"
    : "a person's account could not be refreshed; the provider will be asked again";
  log[isOurs ? 'error' : 'warn']({ reason: fault.message, client: held.clientId, ...about(row) }, what);
  await rows.release(lease, row.refreshAt === undefined ? undefined : nowInSeconds() + aheadAgainSeconds);
  return 'failed' as const;
}

async function end({ rows, log }: RefreshDeps, row: AccountRow, reason: string): Promise<'ended'> {
  if (await rows.stop(row, 'ended'))
    log.info({ reason, ...about(row) }, "a person's account has ended: the provider no longer accepts it");
  return 'ended';
}

/** A rotated refresh token must not be lost: the write is tried again. If the account is gone meanwhile, it is to be revoked. */
async function keep(
  { rows, departed, log }: RefreshDeps,
  lease: AccountLease,
  next: NewTokens,
  forcedAt: number | undefined,
) {
  const { key, account, identity } = lease.row;
  for (let tries = 1; ; tries++) {
    try {
      const isKept = await rows.renew(lease, next, forcedAt);
      if (isKept) return log.debug(about(lease.row), "a person's account was refreshed");
      if (!(await rows.read(key))) await departed.add({ key, account, identity, locked: next.locked });
      return;
    } catch (error) {
      if (tries === writeTries) throw error;
      await sleep(100 * 2 ** tries, undefined, { ref: false });
    }
  }
}

/** What the log tells of an account. */
export function about({ subject, account, server }: Pick<AccountRow, 'subject' | 'account' | 'server'>) {
  return { subject, account, server };
}
