import { explainTokenError, fetchAgentToken } from '../../../agents/token/token.ts';
import { newVisitor } from '../../support/auth-server/visitor.ts';
import { takenPort } from '../../support/operations/doctor-fixture.ts';
import {
  authServer,
  closers,
  cognito,
  doctor,
  loginPage,
  poolWith,
  type Row,
  refuseExchange,
  toToken,
  webClientWith,
} from '../../support/operations/failures-fixture.ts';
import { READER, secretOf, WEB } from '../../support/stand-in/cognito-fixture.ts';

/** Numbers 1 to 10: wrong app clients, URLs, scopes and groups. */
export const setUpFailures: Row[] = [
  {
    n: 1,
    fault: 'the callback URL is not registered',
    where: 'the doctor',
    provoke: () => doctor('callback', { env: { REGISTRY_URL: 'http://localhost:2' } }),
    says: /^FAIL Callback we send: http:\/\/localhost:2\/oauth2\/callback\/cognito\. It is not registered \(redirect_mismatch\); registered instead: .*http:\/\/localhost:8080\/oauth2/,
  },
  {
    n: 1,
    fault: 'the callback URL is not registered',
    where: 'the log, because Cognito tells only the browser',
    provoke: async () => {
      const auth = await authServer();
      await newVisitor(auth.url).start();
      return auth.lines.join('');
    },
    says: '"callback":"http://localhost:8080/oauth2/callback/cognito","msg":"login started"',
  },
  {
    n: 2,
    fault: 'nginx sees http although https is in front of it',
    where: 'no message: the callback is built from REGISTRY_URL, and the headers are ignored',
    provoke: async () => {
      const auth = await authServer({ publicUrl: 'http://localhost' });
      const headers = {
        'X-Forwarded-Proto': 'ftp',
        'X-Forwarded-Host': 'evil.example',
        Forwarded: 'host=evil.example',
      };
      const start = await fetch(`${auth.url}/oauth2/login/cognito`, { redirect: 'manual', headers });
      return String(new URL(start.headers.get('location') ?? '').searchParams.get('redirect_uri'));
    },
    says: /^http:\/\/localhost\/oauth2\/callback\/cognito$/,
  },
  {
    n: 3,
    fault: 'another program uses a port that is registered at Cognito',
    where: 'the doctor',
    provoke: async () => {
      const { port, release } = await takenPort();
      closers.push(release);
      return doctor('ports', { env: { AUTH_SERVER_PORT: port } });
    },
    says: /^FAIL Port \d+ is taken by .*stop it, or choose another port by AUTH_SERVER_PORT/,
  },
  {
    n: 4,
    fault: 'the secret is wrong',
    where: 'the doctor',
    provoke: () => doctor('app client', { env: { COGNITO_CLIENT_SECRET: 'n0tTheRightSecret' } }),
    says: /^FAIL Cognito refused client 1web\w+ \(invalid_client\)\. We sent a secret: yes, 17 characters, fingerprint [0-9a-f]{8} /,
  },
  {
    n: 4,
    fault: 'the secret is missing',
    where: 'the doctor',
    provoke: () => doctor('app client', { env: { COGNITO_CLIENT_SECRET: '' } }),
    says: /We sent a secret: no -> if the app client has a secret, set COGNITO_CLIENT_SECRET/,
  },
  {
    n: 4,
    fault: 'the secret is wrong',
    where: 'the login page',
    provoke: () => loginPage({ clientSecret: 'n0tTheRightSecret' }),
    says: 'It does not accept the client id and secret that the gateway is configured with.',
  },
  {
    n: 5,
    fault: 'the code is older than five minutes',
    where: 'the login page',
    provoke: () => loginPage({}, () => cognito.control.skew(301)),
    says: 'The login code was used already or is too old',
  },
  {
    n: 5,
    fault: 'the app client may not read the attributes of a scope',
    where: 'the login page',
    provoke: () => loginPage({}, refuseExchange({ error: 'invalid_grant' })),
    says: 'the app client may not read the attributes email and email_verified',
  },
  {
    n: 6,
    fault: 'the redirect URI at the token endpoint differs',
    where: 'the login page',
    provoke: () =>
      loginPage({}, refuseExchange({ error: 'unauthorized_client', error_description: 'invalid_redirect' })),
    says: 'The callback URL was another one when the login began',
  },
  {
    n: 6,
    fault: 'the authorization code grant is not enabled',
    where: 'the doctor',
    provoke: async () => {
      await poolWith(webClientWith({ flows: ['client_credentials'] }));
      return doctor('app client');
    },
    says: /^FAIL the authorization code grant is not enabled for app client 1web\w+ \(unauthorized_client\)/,
  },
  {
    n: 7,
    fault: 'a scope of the login is not allowed',
    where: 'the doctor, which says which one',
    provoke: async () => {
      const callback_urls = ['http://localhost:1/oauth2/callback/cognito'];
      await poolWith(webClientWith({ scopes: ['openid', 'email', 'profile'], callback_urls }));
      return doctor('scopes');
    },
    says: /^FAIL App client 1web\w+ does not allow aws\.cognito\.signin\.user\.admin \(invalid_scope\)/,
  },
  {
    n: 7,
    fault: 'a scope of the login is not allowed',
    where: 'the login page',
    provoke: async () => {
      await poolWith(webClientWith({ scopes: ['openid', 'email', 'profile'] }));
      const person = newVisitor((await authServer()).url);
      const { headers } = await fetch(await person.start(), { redirect: 'manual' });
      return (await person.get(headers.get('location') ?? '')).text();
    },
    says: 'Its app client does not allow one of the scopes openid, email, profile, aws.cognito.signin.user.admin.',
  },
  {
    n: 8,
    fault: 'the agent asks for a scope that it lacks',
    where: 'the doctor',
    provoke: () => doctor('agent', { agent: { COGNITO_SCOPE: 'mcp-servers-restricted/execute' } }),
    says: /^FAIL Agent client 3agent\w+ lacks mcp-servers-restricted\/execute \(invalid_scope\) -> .*Custom scopes/,
  },
  {
    n: 8,
    fault: 'the agent asks for a scope that it lacks',
    where: 'npm run token',
    provoke: () =>
      fetchAgentToken({
        COGNITO_USER_POOL_ID: 'us-east-1_LocalPool',
        COGNITO_CLIENT_ID: READER,
        COGNITO_CLIENT_SECRET: secretOf(READER),
        COGNITO_SCOPE: 'mcp-servers-unrestricted/execute',
        COGNITO_LOCAL_ENDPOINT: cognito.url,
      }).catch(explainTokenError),
    says: 'The app client lacks these scopes: App clients > Login pages > Custom scopes.',
  },
  {
    n: 9,
    fault: 'the person is in no group',
    where: 'the answer to the request',
    provoke: async () => toToken((await cognito.control.signIn('erin', WEB)).access_token),
    says: 'You hold no scope.',
  },
  {
    n: 9,
    fault: 'the group is in no group_mappings entry',
    where: 'the doctor',
    provoke: () => doctor('groups', { groups: ['mcp-registry-admins'] }),
    says: 'groups [mcp-registry-admins] are in no group_mappings entry (did you mean mcp-registry-admin?)',
  },
  {
    n: 10,
    fault: 'groups are expected in userInfo, which never has them',
    where: 'no message: they come from the ID token, and userInfo is not asked',
    provoke: async () => {
      const auth = await authServer();
      await newVisitor(auth.url).logIn();
      const asked = cognito.control.counts.get('GET /oauth2/userInfo') ?? 0;
      return `userInfo was asked ${asked} times; ${auth.lines.find((line) => line.includes('"logged in"'))}`;
    },
    says: /^userInfo was asked 0 times; .*"groups":\["mcp-registry-admin"\]/,
  },
];
