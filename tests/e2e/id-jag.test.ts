import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, CrossAppAccessProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { idpClient, startIdentityProvider, trustOf } from '../support/auth-server/identity-provider.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';

/** A gateway that trusts an identity provider, whose keys are in its file. */
const folder = mkdtempSync(join(tmpdir(), 'id-jag-'));
let idp: Awaited<ReturnType<typeof startIdentityProvider>>;
let gateway: Gateway;

beforeAll(async () => {
  idp = await startIdentityProvider('unused');
  const file = join(folder, 'issuers.json');
  writeFileSync(file, JSON.stringify([trustOf({ jwks: { keys: idp.keys } })]));
  gateway = await startGateway({ TRUSTED_ISSUERS_FILE: file });
});

afterAll(async () => {
  await gateway.stop();
  await idp.close();
  rmSync(folder, { recursive: true });
});

test('A client of the SDK gets in with assertions of an identity provider, each of which opens the gateway once', async () => {
  const brought: string[] = [];
  const authProvider = new CrossAppAccessProvider({
    clientId: idpClient.id,
    clientSecret: idpClient.secret,
    expectedIssuer: gateway.url,
    assertion: async ({ authorizationServerUrl: aud, resourceUrl: resource }) => {
      const assertion = await idp.assertion({ claims: { aud, resource, groups: ['mcp-registry-admin'] } });
      brought.push(assertion);
      return assertion;
    },
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/currenttime/mcp`), { authProvider }));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('current_time_by_timezone');
  const answer = await client.callTool({ name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } });
  expect(answer.isError ?? false).toBe(false);
  await client.close();
  expect(brought).toHaveLength(1);

  const [assertion = ''] = brought;
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const secret = Buffer.from(`${idpClient.id}:${encodeURIComponent(idpClient.secret)}`).toString('base64');
  const replay = await fetch(`${gateway.url}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${secret}` },
    body: new URLSearchParams({ grant_type, assertion }),
  });
  expect([replay.status, await replay.json()]).toEqual([
    400,
    { error: 'invalid_grant', error_description: expect.stringContaining('it was used before') },
  ]);
  expect(gateway.log.join('\n')).not.toContain(assertion);
  expect(gateway.log.join('\n')).not.toContain(idpClient.secret);
});
