import * as z from 'zod';
import { setting } from '../setting.ts';

const issuer = z.url({ protocol: /^https?$/, error: "must be the provider's issuer URL" });

/** A second provider that people can log in with: any OpenID Connect provider (Keycloak, Entra ID, Okta, Google). */
export const signOnSettings = {
  OIDC_ISSUER: setting(issuer.optional(), ['auth-server'], {
    purpose: "the provider's issuer, as in its discovery document. Its callback is `REGISTRY_URL/oauth2/callback/oidc`",
  }),
  OIDC_CLIENT_ID: setting(z.string().optional(), ['auth-server'], {
    purpose: 'the client id there; required with `OIDC_ISSUER`',
  }),
  OIDC_CLIENT_SECRET: setting(z.string().optional(), ['auth-server'], {
    purpose: 'the secret of that client; a public client has none',
    secret: true,
  }),
  OIDC_TITLE: setting(z.string().max(60).default('Single sign-on'), ['auth-server'], {
    purpose: 'the name of the provider on the login page',
  }),
  OIDC_SCOPE: setting(z.string().default('openid email profile'), ['auth-server'], {
    purpose: 'the scopes to request',
  }),
  OIDC_GROUPS_CLAIM: setting(z.string().default('groups'), ['auth-server'], {
    purpose: 'the claim of the ID token that lists the groups',
  }),
  OIDC_USERNAME_CLAIM: setting(z.string().default('preferred_username'), ['auth-server'], {
    purpose: 'the claim of the ID token that holds the user name',
  }),
};
