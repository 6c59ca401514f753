import type { Logger } from '../common/service/log.ts';
import type { Metrics } from './decisions/metrics.ts';
import { createDelegations } from './delegation/delegations.ts';
import { createAccessTokens } from './identity/access-token.ts';
import { createAssertionSigner } from './identity/assertion.ts';
import { createPersonalTokens } from './identity/personal-token.ts';
import { createKeyRotation, type KeyRotation, keepRotating } from './keys/key-rotation.ts';
import { createSigningKeys } from './keys/signing-keys.ts';
import type { Config } from './process/config.ts';
import type { Store } from './store/store.ts';

/** What signs with keys of the store, and keeps replacing them. */
export async function signersOf(config: Config, store: Store, metrics: Metrics, log: Logger) {
  const publicUrl = config.REGISTRY_URL;
  const [rotation, accessTokenRotation] = [store.keys, store.accessTokenKeys].map((keys) =>
    createKeyRotation(keys, config.ASSERTION_KEY_DAYS),
  ) as [KeyRotation, KeyRotation];
  const lookedUp = (hit: boolean) => metrics.lookedUp('assertion', hit);
  const assertions = await createAssertionSigner(store.keys, publicUrl, rotation, lookedUp);
  const delegations = createDelegations(createSigningKeys(store.keys, rotation), publicUrl);
  const accessTokens = createAccessTokens(createSigningKeys(store.accessTokenKeys, accessTokenRotation), publicUrl);
  const secret = await store.secrets.get('personal-tokens');
  const personalTokens = createPersonalTokens(secret, config.PERSONAL_TOKEN_DAYS);
  const stops = [rotation, accessTokenRotation].map((each) => keepRotating(each, log));
  const stopRotating = () => {
    for (const stop of stops) stop();
  };
  const forget = () => {
    assertions.forget();
    delegations.forget();
  };
  return { assertions, accessTokens, personalTokens, delegations, forget, stopRotating };
}
