import * as z from 'zod';
import { setting } from './setting.ts';

/** A second provider that people may log in with: anything that speaks OpenID Connect (Keycloak, Entra ID, Okta, Google). */
export const signOnSettings = {
  OIDC_ISSUER: setting(
    z.url({ protocol: /^https?$/, error: "must be the provider's issuer URL" }).optional(),
    ['auth-server'],
    "the provider's issuer, as in its discovery document. Its callback is `REGISTRY_URL/oauth2/callback/oidc`",
  ),
  OIDC_CLIENT_ID: setting(z.string().optional(), ['auth-server'], 'the client there; needed with `OIDC_ISSUER`'),
  OIDC_CLIENT_SECRET: setting(z.string().optional(), ['auth-server'], 'its secret; none for a public client', {
    secret: true,
  }),
  OIDC_TITLE: setting(z.string().max(60).default('Single sign-on'), ['auth-server'], 'what the login page calls it'),
  OIDC_SCOPE: setting(z.string().default('openid email profile'), ['auth-server'], 'what it is asked for'),
  OIDC_GROUPS_CLAIM: setting(
    z.string().default('groups'),
    ['auth-server'],
    'the claim of its ID token that lists groups',
  ),
  OIDC_USERNAME_CLAIM: setting(
    z.string().default('preferred_username'),
    ['auth-server'],
    'the claim of its ID token with the name to show',
  ),
};
