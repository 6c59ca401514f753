import * as z from 'zod';
import { localPoolId, poolIdPattern } from '../../common/identity/cognito.ts';
import { shapeFor } from '../../common/settings/table.ts';

const loopback = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** The auth-server's settings, by environment variable; docs/configuration.md explains each of them. */
export const configSchema = z.object(shapeFor('auth-server')).superRefine((config, ctx) => {
  const fault = (path: keyof typeof config, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
  const region = poolIdPattern.exec(config.COGNITO_USER_POOL_ID)?.[1];
  if (config.AWS_REGION && region !== undefined && config.AWS_REGION !== region) {
    fault('AWS_REGION', `is ${config.AWS_REGION}, but the user pool is in ${region}`);
  }
  if (config.OIDC_ISSUER !== undefined && config.OIDC_CLIENT_ID === undefined) {
    fault('OIDC_CLIENT_ID', 'is needed with OIDC_ISSUER');
  }
  if (config.TRUSTED_ISSUERS_FILE !== undefined && config.OAUTH_CLIENTS === 'off') {
    fault(
      'TRUSTED_ISSUERS_FILE',
      'needs OAUTH_CLIENTS=any or known: its clients find the gateway by the same metadata',
    );
  }
  const { port: publicPort } = new URL(config.REGISTRY_URL);
  if (publicPort === '7860' || publicPort === '8888') {
    fault('REGISTRY_URL', `points past the gate; use the address of nginx, such as http://localhost:8080`);
  }
  if (config.COGNITO_USER_POOL_ID === localPoolId && !loopback.test(config.REGISTRY_URL)) {
    const only = "is the stand-in's, and accepted only while REGISTRY_URL is on localhost";
    fault('COGNITO_USER_POOL_ID', `${localPoolId} ${only}`);
  }
});

export type Config = z.output<typeof configSchema>;

/** Where the metrics are served. */
export function metricsAddress({ METRICS_HOST: host, METRICS_PORT: port }: Config) {
  return { host, port, portVariable: 'METRICS_PORT' };
}
