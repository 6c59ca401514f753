import * as z from 'zod';
import { shapeFor } from '../common/settings/table.ts';
import { readFaults } from './faults.ts';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** The stand-in's settings. It refuses to start where it could be mistaken for a real user pool. */
export const cognitoConfig = z
  .object(shapeFor('cognito'))
  .superRefine((config, ctx) => {
    const fault = (variable: string, message: string) => ctx.addIssue({ code: 'custom', path: [variable], message });
    if (config.NODE_ENV === 'production')
      fault('NODE_ENV', 'the local stand-in for Cognito does not run in production: use a real user pool');
    const inContainer = config.COGNITO_HOST === '0.0.0.0' && config.COGNITO_IN_CONTAINER === 'true';
    if (!LOOPBACK.includes(config.COGNITO_HOST) && !inContainer)
      fault('COGNITO_HOST', 'must be 127.0.0.1, ::1 or localhost; 0.0.0.0 only with COGNITO_IN_CONTAINER=true');
    for (const problem of readFaults(config.COGNITO_FAULTS).problems) fault('COGNITO_FAULTS', problem);
  })
  .transform((config) => ({
    host: config.COGNITO_HOST,
    port: config.COGNITO_PORT,
    publicUrl: config.COGNITO_PUBLIC_URL ?? `http://localhost:${config.COGNITO_PORT}`,
    extraGatewayUrls: config.COGNITO_EXTRA_GATEWAY_URLS,
    keysFile: config.COGNITO_KEYS_FILE,
    seedFile: config.COGNITO_SEED_FILE,
    faults: readFaults(config.COGNITO_FAULTS).chosen,
  }));
