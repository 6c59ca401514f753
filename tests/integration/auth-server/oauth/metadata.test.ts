import express from 'express';
import {
  type AuthorizationServerMetadataDeps,
  authorizationServerMetadata,
} from '../../../../auth-server/oauth/metadata.ts';
import { listen } from '../../../support/listen.ts';

const publicUrl = 'https://gateway.example';
async function serve(change: Partial<AuthorizationServerMetadataDeps> = {}) {
  const offers = async () => ({ registration: true, documents: true });
  const agentTokens = () => Promise.reject(new Error('not asked'));
  const deps = { publicUrl, clients: { offers }, agentTokens, idJag: undefined, ...change };
  const { port, close } = await listen(express().use(authorizationServerMetadata(deps)));
  return { url: `http://127.0.0.1:${port}`, close };
}
const { url, close } = await serve();
afterAll(close);
const [oauth, openid] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];

const whole = {
  issuer: publicUrl,
  authorization_endpoint: `${publicUrl}/oauth2/authorize`,
  token_endpoint: `${publicUrl}/oauth2/token`,
  revocation_endpoint: `${publicUrl}/oauth2/revoke`,
  registration_endpoint: `${publicUrl}/oauth2/register`,
  jwks_uri: `${publicUrl}/oauth2/jwks`,
  scopes_supported: ['mcp'],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  revocation_endpoint_auth_methods_supported: ['none'],
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: true,
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
};

test.each([oauth, openid, `${oauth}/currenttime/mcp`, `${openid}/currenttime/sse`, `${oauth}/mcp`, `${oauth}/`])(
  'The metadata of the authorization server is at %s, whatever Host says',
  async (path) => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', origin: 'https://page.example' };
    const answer = await fetch(url + path, { headers });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(await answer.json()).toEqual(whole);
  },
);

test('Each path has one spelling, and answers HEAD and the question of a page', async () => {
  for (const path of [`${oauth}x`, oauth.toUpperCase(), '/.well-known/oauth', `/x${oauth}`])
    expect((await fetch(url + path)).status).toBe(404);
  expect((await fetch(url + oauth, { method: 'HEAD' })).status).toBe(200);
  const question = await fetch(url + openid, { method: 'OPTIONS' });
  expect([question.status, question.headers.get('access-control-allow-headers')]).toEqual([
    204,
    'Authorization, Content-Type, MCP-Protocol-Version',
  ]);
});

test('What is not offered is not in it: registration, documents, tokens for agents', async () => {
  const offers = async () => ({ registration: false, documents: false });
  const other = await serve({ clients: { offers }, agentTokens: undefined });
  const { registration_endpoint: _r, client_id_metadata_document_supported: _d, ...rest } = whole;
  expect(await (await fetch(other.url + oauth)).json()).toEqual({
    ...rest,
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
  });
  await other.close();
});

test('Assertions of identity providers are in it where an operator trusts one, with the secrets that they need', async () => {
  const idJag = () => Promise.reject(new Error('not asked'));
  const other = await serve({ agentTokens: undefined, idJag });
  expect(await (await fetch(other.url + oauth)).json()).toEqual({
    ...whole,
    grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
    authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
  });
  await other.close();
});

test('There is none if no client may log in', async () => {
  const other = await serve({ clients: { offers: async () => undefined } });
  expect((await fetch(other.url + oauth)).status).toBe(404);
  await other.close();
});
