import { decodeJwt } from 'jose';
import { AGENT, CLI, READER, secretOf, tokensIn, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type Behaviour, CODE, type Cognito, postRaw, said, tokensFor } from './behaviour.ts';

const page = 'AWS: Token endpoint';
const VERIFIER = 'a-verifier-that-is-long-enough-for-rfc-7636-1234';
const CHALLENGE = 'd1cUUUAaQxxnJjbxyh1s7Oj2OE0--BcMWp66pI6YlC0';
const bound = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
const MACHINE = { grant_type: 'client_credentials' };
const all = '200 access_token expires_in token_type id_token refresh_token';
const inForm = (cognito: Cognito, form: Record<string, string>) => said(cognito.post('/oauth2/token', form, null));
const byHeader = (cognito: Cognito, text: string) =>
  said(
    postRaw(cognito, 'grant_type=authorization_code&code=x&redirect_uri=x', {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: text,
    }),
  );
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const agentAsks = (cognito: Cognito, form: Record<string, string> = {}, client = AGENT) =>
  cognito.post('/oauth2/token', { ...MACHINE, ...form }, client);

/** POST /oauth2/token: client authentication and grants. */
export const tokenBehaviours: Behaviour[] = [
  [
    'Only forms are accepted: JSON is invalid_request',
    page,
    (c) => said(postRaw(c, '{"grant_type":"client_credentials"}', { 'content-type': 'application/json' })),
    '400 invalid_request',
  ],
  ['No grant_type is invalid_request', page, (c) => said(c.post('/oauth2/token', {})), '400 invalid_request'],
  [
    'An unknown grant_type is unsupported_grant_type',
    page,
    (c) => said(c.post('/oauth2/token', { grant_type: 'password' })),
    '400 unsupported_grant_type',
  ],
  [
    'A parameter sent twice is invalid_request',
    'assumed',
    (c) => said(c.post('/oauth2/token', 'grant_type=client_credentials&grant_type=client_credentials', AGENT)),
    '400 invalid_request',
  ],
  ['An unknown client is invalid_client', page, (c) => byHeader(c, basic('unknown:x')), '400 invalid_client'],
  ['No client is invalid_client', 'assumed', (c) => inForm(c, { ...CODE, code: 'x' }), '400 invalid_client'],
  [
    'A missing secret is invalid_client',
    page,
    (c) => inForm(c, { ...CODE, code: 'x', client_id: WEB }),
    '400 invalid_client',
  ],
  [
    'A wrong secret is invalid_client, by Basic and in the form',
    page,
    async (c) => [
      await byHeader(c, basic(`${WEB}:wrong`)),
      await inForm(c, { ...CODE, code: 'x', client_id: WEB, client_secret: 'wrong' }),
    ],
    ['400 invalid_client', '400 invalid_client'],
  ],
  [
    'A secret where the client has none is invalid_client, an empty one or "None" too',
    'seen: next-auth #8331',
    async (c) => [
      await inForm(c, { ...CODE, code: 'x', client_id: CLI, client_secret: 'x' }),
      await byHeader(c, basic(`${CLI}:`)),
      await byHeader(c, basic(`${CLI}:None`)),
    ],
    ['400 invalid_client', '400 invalid_client', '400 invalid_client'],
  ],
  ['A header that is not Basic is invalid_client', 'assumed', (c) => byHeader(c, 'Bearer x'), '400 invalid_client'],
  [
    'The secret may come by Basic or in the form',
    page,
    async (c) => [
      await said(agentAsks(c)),
      await inForm(c, { ...MACHINE, client_id: AGENT, client_secret: secretOf(AGENT) }),
    ],
    ['200 access_token expires_in token_type', '200 access_token expires_in token_type'],
  ],
  [
    'The same client_id beside Basic is fine',
    page,
    (c) => said(agentAsks(c, { client_id: AGENT })),
    '200 access_token expires_in token_type',
  ],
  [
    'Another client_id beside Basic is invalid_request',
    'assumed',
    (c) => said(agentAsks(c, { client_id: READER })),
    '400 invalid_request',
  ],
  [
    'The secret both ways at once is invalid_request',
    'assumed',
    (c) => said(agentAsks(c, { client_secret: secretOf(AGENT) })),
    '400 invalid_request',
  ],
  ['A code gives three tokens', page, async (c) => said(c.redeem(await c.codeFor())), all],
  [
    'A code can be used once',
    page,
    async (c) => {
      const code = await c.codeFor();
      await c.redeem(code);
      return said(c.redeem(code));
    },
    '400 invalid_grant',
  ],
  [
    'A code lives five minutes',
    page,
    async (c) => {
      const [young, old] = [await c.codeFor(), await c.codeFor()];
      c.advance(299);
      const inTime = await said(c.redeem(young));
      c.advance(2);
      return [inTime, await said(c.redeem(old))];
    },
    [all, '400 invalid_grant'],
  ],
  ['An unknown code is invalid_grant', page, (c) => said(c.redeem('x')), '400 invalid_grant'],
  [
    "Another client's code is invalid_grant",
    'RFC 6749 section 5.2',
    async (c) => inForm(c, { ...CODE, code: await c.codeFor(), client_id: CLI }),
    '400 invalid_grant',
  ],
  [
    'A different callback than before is unauthorized_client with invalid_redirect as its description',
    'seen: stackoverflow 50264679',
    async (c) => said(c.redeem(await c.codeFor(), { redirect_uri: 'http://localhost/oauth2/callback/cognito' })),
    '400 unauthorized_client invalid_redirect',
  ],
  [
    'The verifier of the challenge is accepted together with the secret',
    page,
    async (c) => said(c.redeem(await c.codeFor(bound), { code_verifier: VERIFIER })),
    all,
  ],
  [
    'A wrong verifier, or none where there was a challenge, is invalid_grant',
    'RFC 7636 section 4.6',
    async (c) => [
      await said(c.redeem(await c.codeFor(bound), { code_verifier: `${VERIFIER}x` })),
      await said(c.redeem(await c.codeFor(bound))),
    ],
    ['400 invalid_grant', '400 invalid_grant'],
  ],
  [
    'A verifier without a challenge is invalid_grant',
    'assumed',
    async (c) => said(c.redeem(await c.codeFor(), { code_verifier: VERIFIER })),
    '400 invalid_grant',
  ],
  [
    'The code of a person disabled since is invalid_grant',
    'assumed',
    async (c) => {
      const code = await c.codeFor();
      c.pool.control.updatePerson('alice', { status: 'DISABLED' });
      return said(c.redeem(code));
    },
    '400 invalid_grant',
  ],
  [
    'A grant that the client may not use is unauthorized_client',
    page,
    async (c) => [
      await said(c.post('/oauth2/token', { ...CODE, code: 'x' }, AGENT)),
      await said(c.post('/oauth2/token', MACHINE, WEB)),
      await inForm(c, { ...MACHINE, client_id: CLI }),
    ],
    ['400 unauthorized_client', '400 unauthorized_client', '400 unauthorized_client'],
  ],
  [
    'A refresh gives no new refresh token',
    page,
    async (c) => said(c.refresh((await tokensFor(c)).refresh_token)),
    '200 access_token expires_in token_type id_token',
  ],
  ['An unknown refresh token is invalid_grant', page, (c) => said(c.refresh('x')), '400 invalid_grant'],
  [
    'A refresh token that is too old is invalid_grant',
    page,
    async (c) => {
      const { refresh_token } = await tokensFor(c);
      c.advance(30 * 86_400 + 1);
      return said(c.refresh(refresh_token));
    },
    '400 invalid_grant',
  ],
  [
    "Another client's refresh token is invalid_grant",
    'RFC 6749 section 5.2',
    async (c) => {
      const { refresh_token = '' } = await tokensFor(c);
      return inForm(c, { grant_type: 'refresh_token', refresh_token, client_id: CLI });
    },
    '400 invalid_grant',
  ],
  [
    'A machine that names no scope gets all of its client',
    page,
    async (c) => decodeJwt((await tokensIn(agentAsks(c))).access_token).scope,
    'mcp-servers-unrestricted/read mcp-servers-unrestricted/execute',
  ],
  [
    'A machine gets the scopes that it names',
    page,
    async (c) =>
      decodeJwt((await tokensIn(agentAsks(c, { scope: 'mcp-servers-unrestricted/read' }))).access_token).scope,
    'mcp-servers-unrestricted/read',
  ],
  [
    'A scope that the machine lacks is invalid_scope, even with a valid one',
    'seen: re:Post',
    async (c) => [
      await said(agentAsks(c, { scope: 'mcp-servers-unrestricted/read' }, READER)),
      await said(agentAsks(c, { scope: 'mcp-servers-restricted/read openid' }, READER)),
    ],
    ['400 invalid_scope', '400 invalid_scope'],
  ],
  [
    "A machine's resource is ignored: its token has no aud",
    'AWS: Resource binding',
    async (c) => decodeJwt((await tokensIn(agentAsks(c, { resource: 'https://a.example/' }))).access_token).aud,
    undefined,
  ],
  [
    'Pages of any origin may read the answers',
    page,
    async (c) => (await c.post('/oauth2/token', {})).headers.get('access-control-allow-origin'),
    '*',
  ],
  [
    'A preflight is answered',
    'assumed',
    async (c) => {
      const { status, headers } = await fetch(`${c.pool.url}/oauth2/token`, { method: 'OPTIONS' });
      return [status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-methods')];
    },
    [200, '*', 'POST'],
  ],
];
