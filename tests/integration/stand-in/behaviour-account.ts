import { AGENT, CLI, tokensIn, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type Behaviour, CODE, type Cognito, said, seedWith, tokensFor } from './behaviour.ts';

const info = 'AWS: userInfo endpoint';
const page = 'AWS: Revoke endpoint';
const rotation = 'AWS: Refresh token rotation';
const rotating = seedWith({ refresh_token_rotation: true });
const forgetful = seedWith({ token_revocation: false });
const blind = seedWith({ read_attributes: ['email', 'name'] });
const revoke = (cognito: Cognito, token = '', client: string | null = WEB) =>
  said(cognito.post('/oauth2/revoke', { token }, client));

/** /oauth2/userInfo, /oauth2/revoke, and the effects of an app client's settings. */
export const accountBehaviours: Behaviour[] = [
  [
    'userInfo gives sub, username and the attributes of the scopes, and never groups',
    info,
    async (c) => (await c.userInfo((await tokensFor(c)).access_token)).json(),
    {
      sub: expect.any(String),
      username: 'alice',
      email: 'alice@example.com',
      email_verified: 'true',
      name: 'Alice Admin',
      preferred_username: 'alice',
    },
  ],
  [
    'email_verified is the text "true" there',
    info,
    async (c) => ((await (await c.userInfo((await tokensFor(c)).access_token)).json()) as object) ?? {},
    expect.objectContaining({ email_verified: 'true' }),
  ],
  [
    'userInfo answers POST as well',
    info,
    async (c) => {
      const headers = { authorization: `Bearer ${(await tokensFor(c)).access_token}` };
      return (await fetch(`${c.pool.url}/oauth2/userInfo`, { method: 'POST', headers })).status;
    },
    200,
  ],
  [
    'userInfo without a token is invalid_request',
    info,
    (c) => said(fetch(`${c.pool.url}/oauth2/userInfo`)),
    '400 invalid_request',
  ],
  [
    'userInfo refuses an ID token, and a token without openid',
    'assumed',
    async (c) => [
      await said(c.userInfo((await tokensFor(c)).id_token ?? '')),
      await said(c.userInfo((await tokensFor(c, { scope: 'aws.cognito.signin.user.admin' })).access_token)),
    ],
    ['401 invalid_token', '401 invalid_token'],
  ],
  [
    'userInfo refuses an expired token',
    info,
    async (c) => {
      const { access_token } = await tokensFor(c);
      c.advance(3601);
      return said(c.userInfo(access_token));
    },
    '401 invalid_token',
  ],
  [
    'userInfo refuses a token after its sign-in was revoked, with a challenge that names no scheme',
    info,
    async (c) => {
      const { access_token, refresh_token } = await tokensFor(c);
      await revoke(c, refresh_token);
      return (await c.userInfo(access_token)).headers.get('www-authenticate');
    },
    expect.stringMatching(/^error="invalid_token", error_description=/),
  ],
  [
    'A global sign-out ends refresh tokens, and access tokens at userInfo',
    'AWS: Revoking tokens',
    async (c) => {
      const { access_token, refresh_token } = await tokensFor(c);
      c.pool.control.globalSignOut('alice');
      return [await said(c.refresh(refresh_token)), await said(c.userInfo(access_token))];
    },
    ['400 invalid_grant', '401 invalid_token'],
  ],
  ['Revoking answers 200 with an empty body', page, async (c) => revoke(c, (await tokensFor(c)).refresh_token), '200'],
  [
    'Revoking again, or an unknown token, is 200 as well',
    page,
    async (c) => {
      const { refresh_token } = await tokensFor(c);
      return [await revoke(c, refresh_token), await revoke(c, refresh_token), await revoke(c, 'x')];
    },
    ['200', '200', '200'],
  ],
  [
    'A revoked refresh token is invalid_grant',
    page,
    async (c) => {
      const { refresh_token } = await tokensFor(c);
      await revoke(c, refresh_token);
      return said(c.refresh(refresh_token));
    },
    '400 invalid_grant',
  ],
  [
    'Revoking an access or ID token is unsupported_token_type',
    page,
    async (c) => revoke(c, (await tokensFor(c)).access_token),
    '400 unsupported_token_type',
  ],
  ['Revoking nothing is invalid_request', page, (c) => revoke(c), '400 invalid_request'],
  [
    'Revoking as an unknown client is invalid_client with 401',
    page,
    (c) => revoke(c, 'x', 'unknown'),
    '401 invalid_client',
  ],
  [
    "Another client's refresh token is left alone",
    'assumed',
    async (c) => {
      const { refresh_token = '' } = await tokensFor(c);
      const answer = await said(c.post('/oauth2/revoke', { token: refresh_token, client_id: CLI }, null));
      return [answer, (await c.refresh(refresh_token)).status];
    },
    ['200', 200],
  ],
  [
    'A client with revocation switched off gets invalid_request',
    page,
    async (c) => revoke(c, (await tokensFor(c)).refresh_token),
    '400 invalid_request',
    forgetful,
  ],
  [
    'A client with rotation gets a new refresh token at each refresh',
    rotation,
    async (c) => said(c.refresh((await tokensFor(c)).refresh_token)),
    '200 access_token expires_in token_type id_token refresh_token',
    rotating,
  ],
  [
    'With rotation the old refresh token is dead at once, without a grace period',
    'assumed',
    async (c) => {
      const { refresh_token } = await tokensFor(c);
      const next = await tokensIn(c.refresh(refresh_token));
      return [await said(c.refresh(refresh_token)), (await c.refresh(next.refresh_token)).status];
    },
    ['400 invalid_grant', 200],
    rotating,
  ],
  [
    'A client that may not read email and email_verified and requests email gets invalid_grant for the code',
    'AWS: Token endpoint',
    async (c) => said(c.redeem(await c.codeFor())),
    '400 invalid_grant',
    blind,
  ],
  [
    'A client sees only the attributes that it may read',
    'assumed',
    async (c) => (await c.userInfo((await tokensFor(c, { scope: 'openid' })).access_token)).json(),
    { sub: expect.any(String), username: 'alice', email: 'alice@example.com', name: 'Alice Admin' },
    blind,
  ],
  [
    'The lifetime of an access token is a setting of its client',
    'AWS: Token expiration',
    async (c) => (await tokensFor(c)).expires_in,
    300,
    seedWith({ access_token_validity: 300 }),
  ],
  [
    "A machine's client cannot redeem a code",
    'AWS: Token endpoint',
    (c) => said(c.post('/oauth2/token', { ...CODE, code: 'x' }, AGENT)),
    '400 unauthorized_client',
  ],
];
