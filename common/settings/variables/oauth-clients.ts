import * as z from 'zod';
import { setting } from '../setting.ts';
import { list } from '../values.ts';

const hosts = list
  .transform((items) => (items.length === 1 && items[0] === 'none' ? [] : items))
  .pipe(z.array(z.string().regex(/^([a-z0-9-]+\.)+[a-z][a-z0-9-]*$/, 'must be host names, such as claude.ai')));
/** The registry says on its pages which clients may log in. */
const readers = ['auth-server', 'registry'] as const;
const hostsOfKnownClients = 'claude.ai,chatgpt.com,github.com,vscode.dev,zed.dev,opencode.ai';

/** Which MCP clients may log in by themselves. */
export const oauthClientSettings = {
  OAUTH_CLIENTS: setting(z.enum(['any', 'known', 'off'], 'must be any, known or off').default('any'), readers, {
    purpose:
      'which MCP clients people may log in with: `any`; `known` for those that a host of `OAUTH_CLIENT_HOSTS` describes, and app clients of the user pool; `off` for none ([clients.md](clients.md#which-clients-may-log-in))',
  }),
  OAUTH_CLIENT_HOSTS: setting(hosts.prefault(hostsOfKnownClients), readers, {
    purpose:
      'the hosts of client metadata documents that are fetched in any case, also with `OAUTH_CLIENTS=known` and through `HTTPS_PROXY`, separated by commas, or `none`. If none of them can be reached, the gateway does not offer such documents, and clients register instead',
    shownDefault: hostsOfKnownClients,
  }),
  TRUSTED_ISSUERS_FILE: setting(z.string().optional(), ['auth-server'], {
    purpose:
      'a file of the identity providers that may give clients access without a question to the person ([clients.md](clients.md#when-your-company-decides-which-clients-may-ask)); read at the start',
    shownDefault: 'none',
  }),
};
