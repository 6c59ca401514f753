import { createOAuthClient } from '../../../../auth-server/cognito/oauth-client.ts';
import { createAgentTokens } from '../../../../auth-server/oauth/agent-token.ts';
import { createStandInFetch } from '../../../../common/identity/cognito.ts';
import { AGENT, issuer, READER, WEB } from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { agents } from '../../../support/gateway/gateway.ts';

const { cognito } = await authServerWithPool();
const [read, execute] = ['mcp-servers-unrestricted/read', 'mcp-servers-unrestricted/execute'];
const secret = agents.agent[1];
const provider = createOAuthClient({
  name: 'cognito',
  title: 'Amazon Cognito',
  issuers: [issuer],
  clientId: WEB,
  clientSecret: 'unused',
  scope: 'openid',
  groupsClaim: 'cognito:groups',
  usernameClaim: 'cognito:username',
  subjectPrefix: '',
  logoutParameters: () => ({}),
  standInFetch: createStandInFetch(cognito.url),
});
const tokens = (ask = provider.askForToken) =>
  createAgentTokens({ provider: { askForToken: ask }, agents: new Set([AGENT, READER]) });
const request = (change: object = {}) => ({
  id: AGENT,
  secret: secret as string | undefined,
  authorization: undefined as string | undefined,
  scope: undefined as string | undefined,
  network: '192.0.2.1',
  ...change,
});
const basic = `Basic ${Buffer.from(`${AGENT}:${secret}`).toString('base64')}`;
const answering = (status: number, body: string) => tokens(async () => new Response(body, { status }));

describe('An agent that asks the gateway for a token of the user pool', () => {
  test.each([
    ['nothing', undefined, [execute, read]],
    ['what the gateway announces', 'mcp', [execute, read]],
    ['the scopes of people, as the last release announced them', 'openid email profile', [execute, read]],
    ['one of its own scopes', read, [read]],
    ['its scopes and others', `mcp ${read} offline_access ${execute}`, [execute, read]],
  ])('gets one when it asks for %s', async (_what, scope, given) => {
    for (const authorization of [undefined, basic]) {
      const answer = await tokens()(request({ scope, authorization }));
      expect(Object.keys(answer).sort()).toEqual(['access_token', 'expires_in', 'token_type']);
      const payload = JSON.parse(Buffer.from(answer.access_token.split('.')[1] ?? '', 'base64url').toString());
      expect(payload).toMatchObject({ client_id: AGENT, iss: issuer });
      expect(payload.scope.split(' ').sort()).toEqual(given);
    }
  });

  test.each([
    ['a wrong secret', { secret: 'wrong' }, 'invalid_client', 401],
    ['no secret', { secret: undefined }, 'invalid_client', 401],
    ['an empty secret', { secret: '' }, 'invalid_client', 401],
    ['an app client that the gateway does not accept', { id: WEB }, 'invalid_client', 401],
    ['a registered client', { id: 'eyJhbGciOiJIUzI1NiJ9.e30.x' }, 'invalid_client', 401],
    ['a scope that it does not have', { scope: 'mcp-servers-restricted/none' }, 'invalid_scope', 400],
  ])('is refused with %s', async (_what, change, error, status) => {
    await expect(tokens()(request(change))).rejects.toMatchObject({ error, status });
  });

  test('is asked to come back where the user pool does not answer as it should', async () => {
    const failing = tokens(() => Promise.reject(new Error('ECONNREFUSED')));
    const others = [
      answering(500, '{"error":"invalid_client"}'),
      answering(302, ''),
      answering(200, '{}'),
      answering(200, '<!doctype html>'),
      answering(200, `{"access_token":"${'x'.repeat(70_000)}","token_type":"Bearer","expires_in":3600}`),
      answering(400, '{"error":"unheard_of"}'),
    ];
    for (const ask of [failing, ...others])
      await expect(ask(request())).rejects.toMatchObject({ error: 'temporarily_unavailable', status: 503 });
  });

  test('waits after twenty refusals in a minute, and holds back no other agent and no other address', async () => {
    let asked = 0;
    const ask = tokens(async () => {
      asked++;
      return new Response('{"error":"invalid_client"}', { status: 400 });
    });
    for (let n = 0; n < 25; n++) await ask(request()).catch(() => undefined);
    expect(asked).toBe(20);
    await expect(ask(request())).rejects.toMatchObject({ status: 429, retryAfterSeconds: expect.any(Number) });
    await expect(ask(request({ network: '192.0.2.2' }))).rejects.toMatchObject({ status: 401 });
    await expect(ask(request({ id: READER }))).rejects.toMatchObject({ status: 401 });
  });

  test('is one of fifty at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const ask = tokens(() => promise);
    const waiting = Array.from({ length: 50 }, () => ask(request()));
    await expect(ask(request())).rejects.toMatchObject({ status: 503 });
    resolve(new Response('{"error":"invalid_scope"}', { status: 400 }));
    await Promise.allSettled(waiting);
    await expect(ask(request({ network: 'other' }))).rejects.toMatchObject({ error: expect.any(String) });
  });
});
