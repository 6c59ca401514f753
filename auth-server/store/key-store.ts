import type { JWK } from 'jose';

/** Where the key that signs assertions is kept. */
export interface KeyStore {
  load(): JWK | undefined;
  /** Keeps `key` unless another process was first; returns the key that is kept. */
  save(key: JWK): Promise<JWK>;
}
