import type { LockedStore } from '../../store/accounts/locked.ts';
import type { Vault } from './vault.ts';

/** What became of everything that the vault has locked. */
export interface Rekeyed {
  /** Locked again under the first key. */
  renewed: number;
  /** Was under the first key already. */
  current: number;
  /** Opened by no key: these people connect again. */
  unopened: number;
}

/** Locks everything under the first key, so that the others can be taken out of the file. What changes meanwhile is left to the next run. */
export async function rekey(store: LockedStore, vault: Vault): Promise<Rekeyed> {
  const done: Rekeyed = { renewed: 0, current: 0, unopened: 0 };
  for await (const text of store.all()) {
    const opened = await vault.open(text.owner, text.locked);
    if (opened === undefined) done.unopened++;
    else if (await vault.isNewest(text.locked)) done.current++;
    else if (await store.replace(text, await vault.lock(text.owner, opened))) done.renewed++;
  }
  return done;
}
