import { createRemoteJWKSet } from 'jose';
import { runServer } from '../run.ts';
import { createHub } from './app.ts';
import { noCalls } from './no-calls.ts';

await runServer('hub', process.env, (log, config) => {
  const jwks = new URL('/.well-known/jwks.json', config.BROKER_GATE_URL);
  return createHub({
    publicUrl: config.REGISTRY_URL,
    keys: createRemoteJWKSet(jwks, { timeoutDuration: 2_000 }),
    registryUrl: config.REGISTRY_INTERNAL_URL,
    calls: noCalls,
    log,
  });
});
