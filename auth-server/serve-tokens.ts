import { setTimeout as sleep } from 'node:timers/promises';
import type { StandInFetch } from '../common/identity/cognito.ts';
import type { Logger } from '../common/service/log.ts';
import { createTokenVerifier, type TokenVerifier } from './cognito/cognito-token.ts';
import { standInJwksCache } from './cognito/stand-in-keys.ts';
import type { Metrics } from './decisions/metrics.ts';
import type { Config } from './process/config.ts';

/** What verifies the user pool's tokens. It fetches the pool's keys before the first request needs them. */
export function tokensOf(
  config: Config,
  standInFetch: StandInFetch | undefined,
  metrics: Metrics,
  log: Logger,
): TokenVerifier {
  const tokens = createTokenVerifier({
    userPoolId: config.COGNITO_USER_POOL_ID,
    allowedClientIds: [config.COGNITO_CLIENT_ID, ...config.COGNITO_ALLOWED_CLIENT_IDS],
    publicUrl: config.REGISTRY_URL,
    ...(standInFetch && { jwksCache: standInJwksCache(config.COGNITO_LOCAL_ENDPOINT) }),
    keysFetched: metrics.keysFetched,
  });
  void warmUp(tokens, log);
  return tokens;
}

/** Retries with growing pauses. */
async function warmUp(tokens: TokenVerifier, log: Logger): Promise<void> {
  for (let wait = 250; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      return await tokens.warmUp();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (wait > 2_000)
        log.warn({ reason }, "the user pool's keys cannot be fetched: requests with tokens get 503 until they are");
    }
    await sleep(wait, undefined, { ref: false });
  }
}
