import * as z from 'zod';
import { parseJson } from '../../../common/text/json.ts';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import { ProviderFault } from './fault.ts';
import type { Ask } from './outside.ts';

const longestUrl = 2_000;
const most = 100;
const url = z
  .string()
  .max(longestUrl)
  .refine((text) => URL.canParse(text) && !text.includes('#'));
const names = z.array(z.string().max(longestUrl)).max(most);

/** What is used of a provider's metadata (RFC 8414 section 2). Other fields are dropped. */
const metadata = z.object({
  issuer: z.string().max(longestUrl),
  authorization_endpoint: url,
  token_endpoint: url,
  revocation_endpoint: url.optional(),
  registration_endpoint: url.optional(),
  userinfo_endpoint: url.optional(),
  code_challenge_methods_supported: names.optional(),
  token_endpoint_auth_methods_supported: names.optional(),
  id_token_signing_alg_values_supported: names.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  /** Draft "OAuth Client ID Metadata Document" section 5. */
  client_id_metadata_document_supported: z.boolean().optional(),
});

export type ProviderMetadata = z.output<typeof metadata>;

/** Issuer of a static entry that names none: it is compared with nothing. */
export const noIssuer = 'https://issuer.invalid';

/**
 * What is known of a provider: what its entry says, or else its documents, at the three well-known places (RFC 8414 section 3, OpenID
 * Connect Discovery section 4), as MCP clients look for them.
 * @throws {ProviderFault}
 */
export async function metadataOf({ issuer, endpoints }: AccountProvider, ask: Ask): Promise<ProviderMetadata> {
  if (endpoints) {
    const { authorization, token, revocation } = endpoints;
    return {
      issuer: issuer ?? noIssuer,
      authorization_endpoint: authorization,
      token_endpoint: token,
      revocation_endpoint: revocation,
    };
  }
  for (const place of wellKnownPlaces(issuer ?? noIssuer)) {
    const answer = await ask(place, { headers: { accept: 'application/json' } });
    if (answer.status === 200) return checked(parseJson(await answer.text()), issuer ?? noIssuer);
    if (answer.status >= 500 || answer.status === 429)
      throw new ProviderFault('unavailable', `its document answers HTTP ${answer.status}`);
  }
  throw new ProviderFault('unusable', 'it has no document at any of the well-known places');
}

function wellKnownPlaces(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const [oauth, openid] = ['oauth-authorization-server', 'openid-configuration'];
  const all = [`/.well-known/${oauth}${path}`, `/.well-known/${openid}${path}`, `${path}/.well-known/${openid}`];
  return [...new Set(all)].map((each) => origin + each);
}

function checked(said: unknown, issuer: string): ProviderMetadata {
  const read = metadata.safeParse(said);
  if (!read.success) {
    const fields = [...new Set(read.error.issues.map(({ path }) => path[0] ?? 'all of it'))];
    throw new ProviderFault('unusable', `its document cannot be used: ${fields.join(', ')}`);
  }
  if (!isSameUrl(read.data.issuer, issuer))
    throw new ProviderFault('unusable', 'its document names another issuer than the entry');
  // RFC 8414 has it optional; MCP, "Authorization Code Protection", wants clients to refuse without it.
  if (!read.data.code_challenge_methods_supported?.includes('S256'))
    throw new ProviderFault('unusable', 'its document does not offer PKCE with S256');
  return read.data;
}

/** Equal but for a slash after the host. */
export function isSameUrl(one: string, other: string): boolean {
  const url = URL.parse(one);
  return url !== null && url.href === URL.parse(other)?.href;
}
