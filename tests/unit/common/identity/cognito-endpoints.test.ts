import {
  cognitoIssuers,
  hostedDomain,
  isApiHost,
  withHostedDomain,
} from '../../../../common/identity/cognito-endpoints.ts';

const pool = 'eu-central-1_AbC123xyz';
const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${pool}`;

test('A pool has two issuers, tried in this order', () => {
  expect(cognitoIssuers(pool)).toEqual([issuer, `https://issuer-cognito-idp.eu-central-1.amazonaws.com/${pool}`]);
});

test.each([
  [undefined, 'eu-central-1abc123xyz.auth.eu-central-1.amazoncognito.com'],
  ['our-login', 'our-login.auth.eu-central-1.amazoncognito.com'],
  ['login.example.com', 'login.example.com'],
  ['https://login.example.com', 'login.example.com'],
  ['https://login.example.com/', 'login.example.com'],
  ['our-login.auth.eu-central-1.amazoncognito.com', 'our-login.auth.eu-central-1.amazoncognito.com'],
])('COGNITO_DOMAIN=%s means %s', (domain, host) => {
  expect(hostedDomain(pool, domain)).toBe(host);
});

test.each([
  ['cognito-idp.eu-central-1.amazonaws.com', true],
  ['issuer-cognito-idp.us-gov-west-1.amazonaws.com', true],
  ['x.auth.eu-central-1.amazoncognito.com', false],
  ['cognito-idp.eu-central-1.amazonaws.com.evil.example', false],
  ['evil.example', false],
])('%s is the API of a pool, which has no login: %s', (host, expected) => {
  expect(isApiHost(host)).toBe(expected);
});

test('The endpoints that a pool announces are used unchanged, for any COGNITO_DOMAIN', () => {
  const metadata = { issuer, authorization_endpoint: 'https://login.example.com/oauth2/authorize' };
  expect(withHostedDomain(metadata, pool, 'other')).toBe(metadata);
});

test.each([
  ['none', undefined],
  ['the API', `${issuer}/authorize`],
])(
  'For a pool that announces %s, the endpoints come from COGNITO_DOMAIN, and issuer and keys from the pool',
  (_what, announced) => {
    const metadata = {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      ...(announced && { authorization_endpoint: announced }),
    };
    expect(withHostedDomain(metadata, pool, 'our-login')).toEqual({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      authorization_endpoint: 'https://our-login.auth.eu-central-1.amazoncognito.com/oauth2/authorize',
      token_endpoint: 'https://our-login.auth.eu-central-1.amazoncognito.com/oauth2/token',
      userinfo_endpoint: 'https://our-login.auth.eu-central-1.amazoncognito.com/oauth2/userInfo',
      revocation_endpoint: 'https://our-login.auth.eu-central-1.amazoncognito.com/oauth2/revoke',
      end_session_endpoint: 'https://our-login.auth.eu-central-1.amazoncognito.com/logout',
    });
  },
);
