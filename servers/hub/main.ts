import { createRemoteJWKSet } from 'jose';
import { createCalls } from '../broker/calls.ts';
import { createGate } from '../broker/members/gate.ts';
import { runServer } from '../run.ts';
import { createHub } from './app.ts';

await runServer('hub', process.env, (log, config) => {
  const { BROKER_GATE_URL: gateUrl, REGISTRY_URL: publicUrl } = config;
  return createHub({
    publicUrl,
    keys: createRemoteJWKSet(new URL('/.well-known/jwks.json', gateUrl), { timeoutDuration: 2_000 }),
    registryUrl: config.REGISTRY_INTERNAL_URL,
    calls: createCalls(createGate(gateUrl, publicUrl)),
    log,
  });
});
