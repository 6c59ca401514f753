import type { Store } from '../../auth-server/store/store.ts';

/** Whose access to revoke. */
export type RevokeTarget = { user: string } | { clientId: string } | { session: string } | 'everybody';

/** How many sessions ended, and whether tokens issued until now are refused as well. */
export type Revoked = { sessions: number; tokens: boolean };

/**
 * Ends sessions for good, and refuses every token that was issued to the same user or client until now. Takes effect in
 * every process within a second, and lasts over restarts.
 * @param now seconds since 1970
 */
export async function revoke(store: Store, target: RevokeTarget, now: number): Promise<Revoked> {
  if (target !== 'everybody' && 'session' in target) {
    return { sessions: await store.sessions.end({ sid: target.session }), tokens: false };
  }
  const [kind, value] =
    target === 'everybody'
      ? (['everybody', ''] as const)
      : 'user' in target
        ? (['user', target.user] as const)
        : (['client', target.clientId] as const);
  // Tokens first: a user who lost a session must not continue with a token in between.
  await store.revocations.add({ kind, value, at: now });
  return { sessions: await store.sessions.end(target), tokens: true };
}
