import { asRefusal, explainRefusal, type Refusal } from '../../../../agents/gateway/explain.ts';
import type { Settings } from '../../../../agents/lib/settings.ts';
import { version } from '../../../../common/settings/version.ts';
import { AGENT, CLI } from '../../../support/auth-server/auth-fixture.ts';
import { newOAuthClient, verifier } from '../../../support/auth-server/oauth-client.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { agents } from '../../../support/gateway/gateway.ts';
import { locationOf } from '../../../support/stand-in/hosted-login.ts';

const { auth } = await authServerWithPool();
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const token = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${auth.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form), headers });

describe('A client that was configured with the id of an app client of the user pool', () => {
  test.each([
    ['as a public client', undefined],
    ['with a made-up secret in the header', 'a secret that no one checks'],
  ])('logs in at the gateway with its callback on this machine, %s', async (_how, secret) => {
    const client = await newOAuthClient(auth, { redirectUri: 'http://localhost:9090/callback' });
    const visitor = newVisitor(auth.url);
    const path = await client.question(visitor, 'alice', { client_id: CLI });
    const code = locationOf(await visitor.submit(path, { answer: 'allow' })).searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, redirect_uri: client.redirectUri, code_verifier: verifier };
    const answer = await (secret === undefined
      ? token({ ...form, client_id: CLI })
      : token(form, { authorization: basic(CLI, secret) }));
    expect(answer.status).toBe(200);
    const { access_token } = (await answer.json()) as { access_token: string };
    const validated = await auth.validate({ Authorization: `Bearer ${access_token}` });
    expect(validated.headers.get('x-username')).toBe('alice');
  });

  test.each(['https://vscode.dev/redirect', 'cursor://anysphere.cursor-mcp/oauth/callback'])(
    'reads what to do if its callback is %s',
    async (redirectUri) => {
      const client = await newOAuthClient(auth, { redirectUri });
      const answer = await newVisitor(auth.url).get(client.address({ client_id: CLI }));
      expect(answer.status).toBe(400);
      const page = await answer.text();
      expect(page).toContain('to this computer only');
      expect(page).toContain('so that it registers itself');
    },
  );
});

describe('An agent that finds the token endpoint of the gateway', () => {
  const [id, secret] = agents.agent;
  const ask = { grant_type: 'client_credentials', scope: 'mcp', resource: 'http://localhost:8080/currenttime/mcp' };

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['in the header', ask, { authorization: basic(id, secret) }],
    ['in the form', { ...ask, client_id: id, client_secret: secret }, {}],
  ])('gets a token of the user pool with its secret %s, which the gate accepts', async (_where, form, headers) => {
    const answer = await token(form, headers);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { access_token } = (await answer.json()) as { access_token: string };
    const validated = await auth.validate({ Authorization: `Bearer ${access_token}` });
    expect([validated.status, validated.headers.get('x-client-id')]).toEqual([200, AGENT]);
  });

  test('leaves nothing behind at the gateway', async () => {
    auth.lines.length = 0;
    await token(ask, { authorization: basic(id, secret) });
    expect(auth.lines.join('')).not.toContain(secret);
  });

  test('with a wrong secret reads that it is wrong, in JSON, and so may a page of any origin', async () => {
    const answer = await token(ask, { authorization: basic(id, 'wrong'), accept: 'text/html' });
    expect(answer.status).toBe(401);
    // Only to a client that has used the header (RFC 6749 section 5.2).
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
    const inForm = await token({ ...ask, client_id: id, client_secret: 'wrong' });
    expect([inForm.status, inForm.headers.get('www-authenticate')]).toEqual([401, null]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual({
      error: 'invalid_client',
      error_description: 'The user pool does not accept this client id and secret.',
    });
  });
});

describe('mcp-gateway of the release 0.1.0, which reads the metadata without a path,', () => {
  test('ends before the login, and says which version the gateway needs', async () => {
    const url = new URL('/.well-known/oauth-protected-resource', auth.url);
    const refusal = await asRefusal(await fetch(url));
    // It explains a refusal with this reason alone; all others are "does not answer like a gateway".
    expect(refusal?.reason).toBe('identity_required');
    const settings = { gateway: auth.url, file: 'agents/.env.user' } as Settings;
    const failure = explainRefusal(refusal as Refusal, { settings, url });
    expect(version).not.toBe('0.1.0');
    expect(failure.message).toContain(`too old for this gateway. Update it to ${version} or newer, and log in again.`);
  });
});
