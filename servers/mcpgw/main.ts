import { runServer } from '../run.ts';
import { createApp } from './server.ts';

await runServer('mcpgw', process.env, (log, config) => {
  const { REGISTRY_INTERNAL_URL: registryUrl, BROKER_GATE_URL: gateUrl, REGISTRY_URL: publicUrl } = config;
  return createApp(log, { registryUrl, gateUrl, publicUrl });
});
