import type { JWK } from 'jose';

/**
 * A key that signs assertions, as it is kept. It waits (published only), signs, and has stopped (published only), in
 * this order and never back. Times in seconds since 1970.
 */
export interface StoredKey {
  kid: string;
  /** With its private half while it waits and signs; the public half alone once it has stopped. */
  jwk: JWK;
  madeAt: number;
  signsSince: number | undefined;
  stoppedAt: number | undefined;
}

/** Where the keys that sign assertions are kept. Every process that shares the store reads the same ones. */
export interface KeyStore {
  /** All keys, oldest first, as the last change of any process left them. Asked for each signature. */
  list(): Promise<StoredKey[]>;
  /**
   * Shows the keys to `change` and keeps exactly those that it returns; no other process comes in between. If `change`
   * throws, everything stays as it was. What is no longer kept is overwritten on disk, unless somebody reads right then.
   */
  update(change: (keys: StoredKey[]) => Promise<StoredKey[]>): Promise<void>;
}
