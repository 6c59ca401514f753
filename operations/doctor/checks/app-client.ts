import { hash, randomUUID } from 'node:crypto';
import { type Ask, basic, jsonOf, reasonOf } from '../ask.ts';
import { type Finding, fail, ok, shown } from '../finding.ts';
import type { PoolSetup } from '../setup.ts';
import type { Discovery } from './provider.ts';

/** The first eight hexadecimal digits of a secret's SHA-256: enough to compare two secrets, and no way to recover one. */
export function fingerprint(secret: string): string {
  return hash('sha256', secret).slice(0, 8);
}

/**
 * Are app client and secret accepted? Redeems a code that cannot exist. The right answer is `invalid_grant`, which Cognito
 * gives only after it has authenticated the client (RFC 6749 section 5.2; Cognito, "Token endpoint").
 */
export async function checkAppClient(pool: PoolSetup, { token_endpoint }: Discovery, ask: Ask): Promise<Finding> {
  const { clientId, clientSecret, callback } = pool;
  const form = new URLSearchParams({ grant_type: 'authorization_code', code: randomUUID(), redirect_uri: callback });
  const headers: Record<string, string> = {};
  if (clientSecret === undefined) form.set('client_id', clientId);
  else headers.authorization = basic(clientId, clientSecret);
  try {
    const response = await ask(token_endpoint, { method: 'POST', headers, body: form });
    const { error } = ((await jsonOf(response)) ?? {}) as { error?: unknown };
    return judge(pool, error, response.status);
  } catch (error) {
    const todo =
      'does the pool have this domain (Branding > Domain, COGNITO_DOMAIN)? If so, check DNS, firewall and proxy';
    return fail('app client', `Cannot reach ${shown(token_endpoint)}: ${reasonOf(error)}`, todo);
  }
}

function judge({ clientId, clientSecret }: PoolSetup, error: unknown, status: number): Finding {
  const print = clientSecret === undefined ? '' : `fingerprint ${fingerprint(clientSecret)}`;
  if (error === 'invalid_grant') {
    const how = clientSecret === undefined ? 'without a secret' : `with its secret (${print})`;
    return ok('app client', `${clientId} is accepted ${how}`);
  }
  if (error === 'invalid_client') {
    const todo =
      clientSecret === undefined
        ? 'if the app client has a secret, set COGNITO_CLIENT_SECRET'
        : 'if the app client has no secret, leave COGNITO_CLIENT_SECRET unset; else copy it again';
    const sent = clientSecret === undefined ? 'no' : `yes, ${clientSecret.length} characters, ${print}`;
    return fail('app client', `Cognito refused client ${clientId} (invalid_client). We sent a secret: ${sent}`, todo);
  }
  if (error === 'unauthorized_client') {
    const seen = `the authorization code grant is not enabled for app client ${clientId} (unauthorized_client)`;
    return fail('app client', seen, 'App clients > Login pages > Edit > Grant type: Authorization code');
  }
  return fail('app client', `the token endpoint answered ${status} ${shown(error ?? '')}`, 'try again in a minute');
}
