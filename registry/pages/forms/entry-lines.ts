import { stringify } from 'yaml';
import { endpointsOf, parseServerAddress } from '../../../common/upstream-secrets/server-address.ts';
import { addressOf, type ServerEntry } from '../../servers/server.ts';

/**
 * The lines that an operator would add to UPSTREAM_SECRETS_FILE for people's own accounts at a server.
 * @param issuer as the server claims it: the operator has to look it up, and it is never used by itself
 */
export function entryLines(
  { name, ...server }: Pick<ServerEntry, 'name' | 'upstream' | 'transports'>,
  issuer: string | null,
) {
  const location = parseServerAddress(addressOf(server));
  const prefixes = location ? endpointsOf(location).map((endpoint) => endpoint.split('?', 1)[0]) : [];
  const entry = { account: { issuer: issuer ?? 'https://issuer.example.com' }, for: [...new Set(prefixes)] };
  return stringify({ [name || 'name']: entry }, { lineWidth: 0 }).trim();
}
