import type { Logger } from '../../common/service/log.ts';
import type { Policy } from '../../policy/policy.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { AccessTokens } from '../identity/access-token.ts';
import type { Pages } from '../login/pages.ts';
import type { AgentTokens } from './agent-token.ts';
import type { Clients } from './clients/clients.ts';
import type { BrowserCookie } from './consent/browser.ts';
import type { Grants } from './grants/grants.ts';
import type { Records } from './grants/records.ts';
import type { IdJagGrant } from './id-jag/grant.ts';
import type { Requests } from './store/requests.ts';

/** What the routes of the authorization server stand on. */
export interface OAuthDeps {
  /** The gateway's origin, and the issuer. */
  publicUrl: string;
  clients: Clients;
  /** Gives agents tokens of the user pool; undefined if there are none. */
  agentTokens: AgentTokens | undefined;
  /** Gives access for assertions of identity providers; undefined if none is trusted. */
  idJag: IdJagGrant | undefined;
  requests: Requests;
  grants: Grants;
  records: Records;
  accessTokens: AccessTokens;
  browser: BrowserCookie;
  providers: ReadonlyMap<string, OAuthClient>;
  vault: TokenVault;
  policy: () => Policy;
  pages: Pages;
  /** Shown on the consent page, in seconds. */
  clientSessionSeconds: number;
  clientIdleSeconds: number;
  /** The same of a session, which the command line gets. */
  sessionSeconds: number;
  idleSeconds: number;
  log: Logger;
}
