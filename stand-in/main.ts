import { runService } from '../common/service/service.ts';
import { readConfig } from '../common/settings/config.ts';
import { createCognito } from './app.ts';
import { cognitoConfig } from './config.ts';
import { applyFaults } from './faults.ts';
import { loadKeys } from './pool/keys.ts';
import { addGateways, readSeed } from './pool/seed.ts';

await runService('cognito', process.env, async (log) => {
  const config = readConfig(cognitoConfig, process.env);
  const { host, port, publicUrl, keysFile } = config;
  const seed = addGateways(readSeed(config.seedFile), config.extraGatewayUrls);
  const signInsFile = keysFile && `${keysFile}.sign-ins`;
  const { app, control } = createCognito({ seed, keys: await loadKeys(keysFile), publicUrl, log, signInsFile });
  log.warn({ publicUrl, issuer: control.issuer }, 'local stand-in for Amazon Cognito: for development only');
  applyFaults(control, config.faults);
  if (config.faults.length > 0) log.warn({ faults: config.faults }, 'behaves badly on purpose (COGNITO_FAULTS)');
  return { listener: app, host, port, portVariable: 'COGNITO_PORT' };
});
