import { createRemoteJWKSet } from 'jose';
import type { Logger } from '../../common/service/log.ts';
import { createCalls } from '../broker/calls.ts';
import { createGate } from '../broker/members/gate.ts';
import { createHub } from './app.ts';

/** The settings of the hub. */
interface HubConfig {
  REGISTRY_URL: string;
  REGISTRY_INTERNAL_URL: string;
  BROKER_GATE_URL: string;
}

/** The hub of a deployment: it finds keys and members at the gate's address for brokers. */
export function assembleHub(log: Logger, config: HubConfig): ReturnType<typeof createHub> {
  const { BROKER_GATE_URL: gateUrl, REGISTRY_URL: publicUrl } = config;
  return createHub({
    publicUrl,
    keys: createRemoteJWKSet(new URL('/.well-known/jwks.json', gateUrl), { timeoutDuration: 2_000 }),
    registryUrl: config.REGISTRY_INTERNAL_URL,
    calls: createCalls(createGate(gateUrl, publicUrl)),
    log,
  });
}
