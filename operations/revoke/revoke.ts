import { clientDigest } from '../../auth-server/oauth/clients/client.ts';
import type { Store } from '../../auth-server/store/store.ts';

/** Whose access to revoke. */
export type RevokeTarget = { user: string } | { clientId: string } | { session: string } | 'everybody';

/**
 * How many sessions ended, and whether tokens issued until now are refused as well; and how many accounts at servers were
 * disconnected, if that was asked.
 */
export type Revoked = { sessions: number; tokens: boolean; accounts?: number };

/**
 * Ends sessions for good, and refuses every token that was issued to the same user or client until now. Takes effect in
 * every process within a second, and lasts over restarts.
 * @param now seconds since 1970
 * @param withAccounts whether a user's own accounts at servers are disconnected too. A running auth-server tells the providers
 */
export async function revoke(store: Store, target: RevokeTarget, now: number, withAccounts = false): Promise<Revoked> {
  if (target !== 'everybody' && 'session' in target) {
    return { sessions: await store.sessions.end({ sid: target.session }), tokens: false };
  }
  const named = await namesOf(store, target);
  // Tokens first: a user who lost a session must not continue with a token in between.
  for (const each of named) await store.revocations.add({ ...each, at: now });
  let sessions = 0;
  for (const { kind, value } of named)
    sessions += await store.sessions.end(
      kind === 'everybody' ? kind : kind === 'user' ? { user: value } : { clientId: value },
    );
  return { sessions, tokens: true, ...(withAccounts && { accounts: await disconnect(store, named) }) };
}

/** @returns how many accounts were disconnected */
async function disconnect({ accountRows }: Store, subjects: readonly { value: string }[]): Promise<number> {
  let gone = 0;
  for (const { value } of subjects) gone += (await accountRows.remove(await accountRows.ofSubject(value))).length;
  return gone;
}

/** Everything that the target is called in credentials and records. */
async function namesOf(store: Store, target: Exclude<RevokeTarget, { session: string }>) {
  if (target === 'everybody') return [{ kind: 'everybody', value: '' } as const];
  if ('user' in target) {
    // Also the subjects: a name may have changed since a record was made or a token was issued.
    const all = new Set([target.user, ...(await store.sessions.subjectsOf(target.user))]);
    return [...all].map((value) => ({ kind: 'user', value }) as const);
  }
  // An app client of the identity provider, or an OAuth client by its long id, its address or its digest.
  const all = new Set([target.clientId, clientDigest(target.clientId)]);
  return [...all].map((value) => ({ kind: 'client', value }) as const);
}
