import { Router } from 'express';
import { registrationRoute } from './clients/register-route.ts';
import { authorize } from './consent/authorize.ts';
import { limitRequests, refusePrefetch } from './consent/browser.ts';
import { showConsent, takeConsent } from './consent/consent.ts';
import { refusalPages } from './consent/refusal.ts';
import { startRequestLogin } from './consent/request-login.ts';
import type { OAuthDeps } from './deps.ts';
import { revokeRoute } from './grants/revoke.ts';
import { formBody, tokenRoute } from './grants/token.ts';
import { authorizationServerMetadata } from './metadata.ts';

/** The routes of the authorization server, in the order in which a client uses them. After cookie-parser. */
export function oauthRoutes(deps: OAuthDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.use(authorizationServerMetadata(deps)); // /.well-known/oauth-authorization-server, /.well-known/openid-configuration
  router.use(registrationRoute(deps)); // /oauth2/register
  router.get(['/oauth2/authorize', '/oauth2/consent/:uid', '/oauth2/consent/:uid/login/:provider'], refusePrefetch);
  const limit = limitRequests();
  router.get('/oauth2/authorize', limit, authorize(deps));
  router.get('/oauth2/consent/:uid', showConsent(deps));
  router.get('/oauth2/consent/:uid/login/:provider', limit, startRequestLogin(deps));
  router.post('/oauth2/consent/:uid', formBody, takeConsent(deps));
  router.use(tokenRoute(deps)); // /oauth2/token
  router.use(revokeRoute(deps)); // /oauth2/revoke
  router.get('/oauth2/jwks', async (_req, res) => {
    const keys = await deps.accessTokens.jwks();
    res.set('Cache-Control', 'public, max-age=300').json(keys);
  });
  router.use(refusalPages(deps));
  return router;
}
