import { checkClients } from '../../../../operations/doctor/checks/clients.ts';

const gateway = 'https://gateway.example';
const resource = (change: object = {}) => ({
  resource: `${gateway}/doctor/mcp`,
  authorization_servers: [gateway],
  ...change,
});
const server = (change: object = {}) => ({
  issuer: gateway,
  authorization_endpoint: `${gateway}/oauth2/authorize`,
  token_endpoint: `${gateway}/oauth2/token`,
  code_challenge_methods_supported: ['S256'],
  registration_endpoint: `${gateway}/oauth2/register`,
  client_id_metadata_document_supported: true,
  ...change,
});
const check = (documents: [object, object?]) => {
  const answers = new Map<string, object | undefined>([
    [`${gateway}/.well-known/oauth-protected-resource/doctor/mcp`, documents[0]],
    [`${gateway}/.well-known/oauth-authorization-server`, documents[1]],
  ]);
  return checkClients(gateway, async (url) => {
    const found = answers.get(url);
    return new Response(found ? JSON.stringify(found) : 'x', { status: found ? 200 : 404 });
  });
};

test.each<[string, [object, object?], string, RegExp]>([
  [
    'all is well',
    [resource(), server()],
    'ok',
    /^can log in at the gateway: by registration and by metadata documents$/,
  ],
  [
    'there is no way out',
    [resource(), server({ client_id_metadata_document_supported: undefined })],
    'ok',
    /: by registration$/,
  ],
  [
    'only known clients may log in, and none can be reached',
    [resource(), server({ registration_endpoint: undefined, client_id_metadata_document_supported: undefined })],
    'ok',
    /only app clients of the user pool$/,
  ],
  [
    'no client may log in',
    [resource({ authorization_servers: ['https://pool.example'] })],
    'ok',
    /OAUTH_CLIENTS is off/,
  ],
  [
    'the gateway has another address',
    [resource({ resource: 'http://other.example/doctor/mcp' })],
    'FAIL',
    /are sent to http:\/\/other/,
  ],
  [
    'the issuer is another',
    [resource(), server({ issuer: 'https://other.example' })],
    'FAIL',
    /are sent to https:\/\/other/,
  ],
  [
    'an address is elsewhere',
    [resource(), server({ token_endpoint: `${gateway}.evil.example/` })],
    'FAIL',
    /evil\.example/,
  ],
  [
    'the metadata of the endpoint is not there',
    [{}],
    'FAIL',
    /oauth-protected-resource\/doctor\/mcp answers 200, not with metadata/,
  ],
  [
    'the metadata of the authorization server is not there',
    [resource()],
    'FAIL',
    /oauth-authorization-server answers 404/,
  ],
])('The doctor says what MCP clients find if %s', async (_what, documents, state, seen) => {
  expect(await check(documents)).toMatchObject({ check: 'mcp clients', state, seen: expect.stringMatching(seen) });
});

test('The doctor says why the metadata cannot be read', async () => {
  const refused = Object.assign(new Error('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
  const finding = await checkClients(gateway, () => Promise.reject(refused));
  expect(finding).toMatchObject({ state: 'FAIL', seen: expect.stringContaining('ECONNREFUSED') });
});
