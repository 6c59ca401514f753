import * as z from 'zod';
import { poolIdPattern } from '../../common/identity/cognito.ts';
import { cognitoIssuers } from '../../common/identity/cognito-endpoints.ts';
import { asRefusal, explainFailure, explainRefusal } from '../gateway/explain.ts';
import { usageError } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import { poolSettings, type Settings } from '../lib/settings.ts';
import { watchFetch } from '../lib/watched-fetch.ts';

const metadata = z.object({ resource: z.url(), authorization_servers: z.array(z.string()) });
const timeoutMilliseconds = 10_000;

/**
 * Checks the OAuth metadata (RFC 9728) of the gateway's API before the user types a password: REGISTRY_URL must be the gateway's own
 * address, and the gateway must trust this user pool.
 * @throws {CommandError} usage, with the correct address; unreachable
 */
export async function checkGateway(settings: Settings, print: Print): Promise<void> {
  const url = new URL('/.well-known/oauth-protected-resource/api', settings.gateway);
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  const response = await watchFetch(print)(url, { redirect: 'manual', signal }).catch((error) => {
    throw explainFailure(error, { settings, url });
  });
  const refusal = response.ok ? undefined : await asRefusal(response);
  if (refusal?.reason === 'identity_required') throw explainRefusal(refusal, { settings, url });
  const found = response.ok ? metadata.safeParse(await response.json().catch(() => undefined)) : undefined;
  if (!found?.success) {
    const hints = [`REGISTRY_URL (${settings.file}) is the address that people open in the browser, without a path.`];
    throw usageError(`${settings.gateway} does not answer like a gateway.`, hints);
  }
  const { resource, authorization_servers: issuers } = found.data;
  if (new URL(resource).origin !== settings.gateway) {
    throw usageError(`${settings.gateway} is not the address of the gateway, which is ${resource}.`, [
      `Set REGISTRY_URL=${new URL(resource).origin} in ${settings.file}.`,
    ]);
  }
  refuseOtherPool(settings, issuers);
}

function refuseOtherPool(settings: Settings, issuers: readonly string[]): void {
  const pool = poolSettings(settings).COGNITO_USER_POOL_ID;
  if (issuers.some((issuer) => cognitoIssuers(pool).includes(issuer))) return;
  const names = issuers.map((issuer) => issuer.slice(issuer.lastIndexOf('/') + 1));
  const theirs = names.filter((name) => poolIdPattern.test(name)).join(', ');
  throw usageError(`The gateway trusts the user pool ${theirs}, not ${pool}.`, [
    `Set COGNITO_USER_POOL_ID=${theirs} in ${settings.file}, or REGISTRY_URL to the gateway of ${pool}.`,
  ]);
}
