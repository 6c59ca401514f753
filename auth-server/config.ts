import * as z from 'zod';
import { localPoolId, poolIdPattern } from '../common/cognito.ts';
import { origin, port } from '../common/config.ts';
import { defaultKeyDays } from './key-rotation.ts';

const list = z.string().transform((text) => text.split(',').flatMap((item) => item.trim() || []));
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

const secretKeys = list.refine((keys) => keys.length > 0 && keys.every((key) => key.length >= 32), {
  error: 'needs at least 32 characters: node -p "crypto.randomBytes(32).toString(\'hex\')"',
});

const variables = z.object({
  AUTH_SERVER_HOST: z.string().default('127.0.0.1'),
  AUTH_SERVER_PORT: port.default(8888),
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: port.default(9464),
  REGISTRY_URL: origin.default('http://localhost:8080'),
  REGISTRY_INTERNAL_URL: origin.default('http://127.0.0.1:7860'),
  RELAY_INTERNAL_URL: origin.default('http://127.0.0.1:7870'),
  SECRET_KEY: secretKeys.refine((keys) => !keys.some((key) => /your|change|example|secret-?key/i.test(key)), {
    error: 'is an example value; make one of your own',
  }),
  SCOPES_FILE: z.string().default('scopes.yml'),
  DATA_DIR: z.string().default('data'),
  ALLOWED_ORIGINS: list.pipe(z.array(origin)).default([]),
  SESSION_HOURS: z.coerce
    .number()
    .positive()
    .max(24 * 7)
    .default(8),
  ASSERTION_KEY_DAYS: z.coerce.number().min(1).max(365).default(defaultKeyDays),
  MAX_BODY_BYTES: z.coerce.number().int().min(1024).default(1_048_576),
  AWS_REGION: z.string().optional(),
  COGNITO_USER_POOL_ID: z.string().regex(poolIdPattern, 'must look like us-east-1_ABC123DEF'),
  COGNITO_CLIENT_ID: z.string(),
  COGNITO_CLIENT_SECRET: z.string().optional(),
  COGNITO_ALLOWED_CLIENT_IDS: list.default([]),
  COGNITO_LOCAL_ENDPOINT: origin.default('http://127.0.0.1:9500'),
});

/** The auth-server's settings, by environment variable; each is explained in `.env.example`. */
export const configSchema = variables.superRefine((config, ctx) => {
  const fault = (path: keyof typeof config, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
  const region = poolIdPattern.exec(config.COGNITO_USER_POOL_ID)?.[1];
  if (config.AWS_REGION && config.AWS_REGION !== region) {
    fault('AWS_REGION', `is ${config.AWS_REGION}, but the user pool is in ${region}`);
  }
  const { port: publicPort } = new URL(config.REGISTRY_URL);
  if (publicPort === '7860' || publicPort === '8888') {
    fault('REGISTRY_URL', `points past the gate; use the address of nginx, such as http://localhost:8080`);
  }
  if (config.COGNITO_USER_POOL_ID === localPoolId && !loopback.test(config.REGISTRY_URL)) {
    fault(
      'COGNITO_USER_POOL_ID',
      `${localPoolId} is the stand-in's, and believed only while REGISTRY_URL is on localhost`,
    );
  }
});

export type Config = z.output<typeof configSchema>;
