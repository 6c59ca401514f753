import * as z from 'zod';
import { settings } from '../../../common/settings/table.ts';
import { createAsk, jsonOf, reasonOf } from '../ask.ts';
import { type Finding, fail, ok, shown } from '../finding.ts';

const document = z.object({ issuer: z.string(), authorization_endpoint: z.url(), token_endpoint: z.url() });

/**
 * Does the second provider, if there is one, answer at `OIDC_ISSUER` (OpenID Connect Discovery, section 4)? Only a login can
 * test its client and callback: providers differ too much.
 */
export async function checkOidc(env: NodeJS.ProcessEnv, publicUrl: string): Promise<Finding[]> {
  const issuer = settings.OIDC_ISSUER.schema.safeParse(env.OIDC_ISSUER?.trim() || undefined).data;
  if (issuer === undefined) return [];
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await createAsk([new URL(url).origin]).ask(url);
    const { data } = document.safeParse(await jsonOf(response));
    if (!data)
      return [fail('oidc', `${url} answered ${response.status}, not a discovery document`, 'check OIDC_ISSUER')];
    if (data.issuer !== issuer)
      return [fail('oidc', `the provider calls itself ${shown(data.issuer)}`, 'set OIDC_ISSUER to that, exactly')];
    return [ok('oidc', `issuer ${issuer}; its client needs the callback ${publicUrl}/oauth2/callback/oidc`)];
  } catch (error) {
    return [fail('oidc', `Cannot fetch ${url}: ${reasonOf(error)}`, 'check OIDC_ISSUER, DNS, firewall and proxy')];
  }
}
