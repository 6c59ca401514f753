import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { decodeJwt, SignJWT } from 'jose';
import { clientDigest } from '../../../../auth-server/oauth/clients/client.ts';
import { createIdJagGrant } from '../../../../auth-server/oauth/id-jag/grant.ts';
import { denialOf, now, publicUrl, startAuthServer } from '../../../support/auth-server/auth-fixture.ts';
import {
  type AssertionChange,
  digestOf,
  idpClient,
  idpIssuer,
  startIdentityProvider,
  trustOf,
} from '../../../support/auth-server/identity-provider.ts';
import { newOAuthClient } from '../../../support/auth-server/oauth-client.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { useClock } from '../../../support/clock.ts';
import { bothDatabases } from '../../../support/postgres/both-databases.ts';

const clock = useClock();
const idp = await startIdentityProvider(publicUrl);
afterAll(() => idp.close());
const zed = { id: 'zed', secret_sha256: digestOf('the secret of zed') };
const other = trustOf({
  ...{ issuer: 'https://other.example', subject_prefix: 'other', jwks: { keys: idp.keys }, clients: [zed] },
});
const usual = trustOf({ clients: [...trustOf().clients, zed] });
const { auth, cognito } = await authServerWithPool({
  trustedIssuers: JSON.stringify([usual, other]),
  readIssuer: idp.read,
});

const { auth: plain } = await authServerWithPool();

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
type Form = Record<string, string | undefined>;
const post = (form: Form, headers: Record<string, string> = {}) => {
  const present = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return fetch(`${auth.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams(present), headers });
};
const idpForm = { client_id: idpClient.id, client_secret: idpClient.secret };
const inForm: Form = idpForm;
const ask = (assertion: string, change: Form = {}) => post({ grant_type: grantType, ...inForm, assertion, ...change });
const tokenOf = async (answer: Response) => ((await answer.json()) as { access_token: string }).access_token;
const granted = async (change: AssertionChange = {}) => tokenOf(await ask(await idp.assertion(change)));
const refusal = async (answer: Response) => {
  const { error, error_description } = (await answer.json()) as Record<string, string>;
  return [answer.status, error, error_description];
};
const recordOf = (token: string) => auth.store.sessions.read(String(decodeJwt(token).sid));
const atGate = (token: string, headers: Record<string, string> = {}) =>
  auth.validate({ Authorization: `Bearer ${token}`, ...headers });
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});

describe('An assertion of a trusted identity provider', () => {
  test('gives an access token for its resource, and no refresh token', async () => {
    const answer = await ask(await idp.assertion());
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const body = (await answer.json()) as { access_token: string };
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 600, scope: 'mcp' });
    const gate = await atGate(body.access_token);
    expect(gate.status).toBe(200);
    expect(Object.fromEntries(gate.headers)).toMatchObject({
      ...{ 'x-user': 'acme|bob', 'x-username': 'acme|bob', 'x-groups': 'mcp-registry-user' },
      ...{ 'x-auth-method': 'jwt', 'x-client-id': clientDigest(idpClient.id) },
    });
    const elsewhere = await atGate(body.access_token, {
      ...{ 'X-Mcp-Server': 'mcpgw', 'X-Original-URI': '/mcpgw/mcp' },
    });
    expect(denialOf(elsewhere).code).toBe('token_invalid');
  });

  test('opens a record of the client, which ends with the token', async () => {
    const token = await granted({ claims: { preferred_username: 'Bob' } });
    const record = await recordOf(token);
    expect(record).toMatchObject({
      ...{ kind: 'client', sub: 'acme|bob', username: 'acme|bob', shownName: 'Bob', provider: 'id-jag:acme' },
      ...{ clientId: 'cursor', oauthClient: clientDigest('cursor'), oauthClientName: 'cursor' },
      ...{ resource: `${publicUrl}/currenttime/mcp`, idleSeconds: undefined, refreshToken: undefined },
    });
    expect(Math.abs((record?.expiresAt ?? 0) - Number(decodeJwt(token).exp))).toBeLessThanOrEqual(1);
    clock.advance(601);
    expect(['session_ended', 'token_expired']).toContain(denialOf(await atGate(token)).code);
  });

  test.each<[string, Record<string, unknown>]>([
    ['an audience with a slash', { aud: `${publicUrl}/` }],
    ['an audience in a list', { aud: [publicUrl] }],
    ['another spelling of the resource', { resource: `${publicUrl}/currenttime/sse` }],
    ['a clock that is a little ahead', { iat: now() + 20, exp: now() + 200 }],
    ['a time before which it is not good, which has come', { nbf: now() - 1 }],
  ])('may have %s', async (_what, claims) => {
    expect((await ask(await idp.assertion({ claims }))).status).toBe(200);
  });

  test.each<[string, unknown, string[]]>([
    ['those that the policy knows first', ['unheard-of', 'mcp-registry-user'], ['mcp-registry-user', 'unheard-of']],
    ['none of a text', 'mcp-registry-admin', []],
    ['none of an object', { 0: 'mcp-registry-admin' }, []],
    ['texts only', [1, null, ['mcp-registry-admin'], 'mcp-registry-user'], ['mcp-registry-user']],
    ['none without the claim', undefined, []],
  ])('gives groups: %s', async (_what, groups, kept) => {
    expect((await recordOf(await granted({ claims: { groups } })))?.groups).toEqual(kept);
  });

  test('gives no more than the policy gives its groups', async () => {
    const token = await granted({ claims: { groups: [] } });
    expect(denialOf(await atGate(token)).status).toBe(403);
  });

  test.each<[string, AssertionChange, string]>([
    ['another typ', { header: { typ: 'JWT' } }, 'its typ is not oauth-id-jag+jwt'],
    ['no typ', { header: { typ: undefined } }, 'its typ is not oauth-id-jag+jwt'],
    ['an issuer that is not trusted', { claims: { iss: 'https://evil.example' } }, 'its issuer is not one'],
    ['an issuer that is trusted for another client', { claims: { iss: 'https://other.example' } }, 'its issuer is not'],
    ['another spelling of the issuer', { claims: { iss: `${idpIssuer}/` } }, 'its issuer is not one'],
    ['no issuer', { claims: { iss: undefined } }, 'its issuer is not one'],
    ['a key that is not published', { withNextKey: true }, 'it is not signed with a key of its issuer'],
    [
      'a foreign key under a known name',
      { withNextKey: true, header: { kid: 'first' } },
      'it is not signed with a key',
    ],
    ['another audience', { claims: { aud: 'https://other.example' } }, 'its aud is not this gateway'],
    ['no audience', { claims: { aud: undefined } }, 'its aud is not this gateway'],
    [
      'the resource as its audience',
      { claims: { aud: `${publicUrl}/currenttime/mcp` } },
      'its aud is not this gateway',
    ],
    ['a second audience', { claims: { aud: [publicUrl, 'https://other.example'] } }, 'its aud has more than this'],
    ['an end in the past', { claims: { iat: now() - 200, exp: now() - 100 } }, 'it has expired'],
    ['no end', { claims: { exp: undefined } }, 'its exp is missing'],
    ['an end that is a text', { claims: { exp: `${now() + 60}` } }, 'its exp is not good'],
    ['a life of 301 seconds', { claims: { iat: now(), exp: now() + 301 } }, 'it is valid for longer than 300 seconds'],
    ['an issue time long ago', { claims: { iat: now() - 3_600, exp: now() + 60 } }, 'it has expired'],
    ['an issue time in the future', { claims: { iat: now() + 90, exp: now() + 200 } }, 'its iat is missing or in the'],
    ['no issue time', { claims: { iat: undefined } }, 'its iat is missing or in the future'],
    ['a time before which it is not good', { claims: { nbf: now() + 90 } }, 'its nbf is in the future'],
    ['no subject', { claims: { sub: undefined } }, 'its sub is not good'],
    ['an empty subject', { claims: { sub: '' } }, 'its sub is not good'],
    ['a subject of 256 characters', { claims: { sub: 'x'.repeat(256) } }, 'its sub is not good'],
    ['a subject with a line break', { claims: { sub: 'bob\nx-user: alice' } }, 'its sub is not good'],
    ['another client', { claims: { client_id: 'zed' } }, 'its client_id is not the client'],
    ['no client', { claims: { client_id: undefined } }, 'its client_id is not the client'],
    ['no jti', { claims: { jti: undefined } }, 'its jti is not good'],
    ['a jti that is a number', { claims: { jti: 7 } }, 'its jti is not good'],
  ])('is refused with %s', async (_what, change, reason) => {
    const [status, error, text] = await refusal(await ask(await idp.assertion(change)));
    expect([status, error]).toEqual([400, 'invalid_grant']);
    expect(text).toMatch(new RegExp(`^The assertion is not accepted: ${reason.replaceAll('+', '\\+')}.*\\.$`));
    expect(auth.lines.join('')).toContain(reason);
  });

  test.each<[string, unknown]>([
    ['of another gateway', 'https://other.example/currenttime/mcp'],
    ['that is the bare origin', publicUrl],
    ['with a query', `${publicUrl}/currenttime/mcp?x=1`],
    ['that is missing', undefined],
    ['that is a list', [`${publicUrl}/currenttime/mcp`, `${publicUrl}/mcpgw/mcp`]],
  ])('is refused with a resource %s', async (_what, resource) => {
    const answer = await refusal(await ask(await idp.assertion({ claims: { resource } })));
    expect(answer).toEqual([400, 'invalid_target', expect.stringContaining('its resource is not a server')]);
  });

  test('is refused if the request names another resource than the assertion, and not if it names the same', async () => {
    const assertion = await idp.assertion();
    const foreign = await ask(assertion, { resource: `${publicUrl}/mcpgw/mcp` });
    expect((await refusal(foreign)).slice(0, 2)).toEqual([400, 'invalid_target']);
    expect((await ask(assertion, { resource: `${publicUrl}/currenttime/mcp` })).status).toBe(200);
  });

  test.each<[string, () => Promise<string> | string]>([
    ['nothing', () => ''],
    ['no JWT', () => 'x.y.z'],
    ['a very long text', () => 'x'.repeat(15_000)],
    [
      'a JWT without a signature',
      async () => {
        const [, claims] = (await idp.assertion()).split('.');
        const header = Buffer.from('{"alg":"none","typ":"oauth-id-jag+jwt"}').toString('base64url');
        return `${header}.${claims}.`;
      },
    ],
    [
      'a JWT that is signed with the public key as a secret',
      async () => {
        const claims = decodeJwt(await idp.assertion());
        const secret = Buffer.from(JSON.stringify(idp.keys[0]));
        const header = { alg: 'HS256', typ: 'oauth-id-jag+jwt', kid: 'first' };
        return await new SignJWT(claims).setProtectedHeader(header).sign(secret);
      },
    ],
    ['an access token of the gateway', () => granted()],
  ])('is not %s', async (_what, make) => {
    expect((await refusal(await ask(await make()))).slice(0, 2)).toEqual([400, 'invalid_grant']);
  });
});

describe('An assertion is good once', () => {
  test('one after the other, and twenty at once', async () => {
    const assertion = await idp.assertion();
    expect((await ask(assertion)).status).toBe(200);
    expect(await refusal(await ask(assertion))).toEqual([
      ...[400, 'invalid_grant'],
      expect.stringContaining('it was used before'),
    ]);
    const next = await idp.assertion();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(next)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('and another assertion with its jti is refused, but not that of another issuer', async () => {
    const claims = { jti: randomUUID() };
    expect((await ask(await idp.assertion({ claims }))).status).toBe(200);
    const again = await idp.assertion({ claims: { ...claims, sub: 'carol' } });
    expect((await refusal(await ask(again)))[1]).toBe('invalid_grant');
    const ofOther = { ...claims, iss: 'https://other.example', client_id: 'zed' };
    const form = { client_id: 'zed', client_secret: 'the secret of zed' };
    expect((await ask(await idp.assertion({ claims: ofOther }), form)).status).toBe(200);
  });

  test('and one that is refused is not used up', async () => {
    const assertion = await idp.assertion();
    expect((await ask(assertion, { client_secret: 'wrong' })).status).toBe(401);
    expect((await ask(assertion, { resource: `${publicUrl}/mcpgw/mcp` })).status).toBe(400);
    expect((await ask(assertion)).status).toBe(200);
  });

  test('and gives nothing while its use cannot be noted', async () => {
    const use = jest.spyOn(auth.store.used, 'use').mockRejectedValueOnce(new Error('the database is down'));
    const assertion = await idp.assertion();
    expect((await refusal(await ask(assertion))).slice(0, 2)).toEqual([503, 'temporarily_unavailable']);
    use.mockRestore();
    expect((await ask(assertion)).status).toBe(200);
  });
});

test.each(bothDatabases('data'))(
  'An assertion is good once for two processes over %s, also after a restart, and its access opens at both',
  async (_kind, places) => {
    const shape = { where: await places.empty(), trustedIssuers: JSON.stringify([trustOf()]), readIssuer: idp.read };
    const start = () => startAuthServer(cognito.url, shape);
    const form = async () =>
      new URLSearchParams({ grant_type: grantType, ...idpForm, assertion: await idp.assertion() });
    const send = ({ url }: { url: string }, body: URLSearchParams) =>
      fetch(`${url}/oauth2/token`, { method: 'POST', body });
    const [one, two] = [await start(), await start()];
    const body = await form();
    const answers = await Promise.all([one, two, one, two, one, two].map((each) => send(each, body)));
    const [good, ...more] = answers.filter(({ status }) => status === 200);
    expect(more).toEqual([]);
    const token = await tokenOf(good as Response);
    for (const each of [one, two]) expect((await each.validate({ Authorization: `Bearer ${token}` })).status).toBe(200);
    await Promise.all([one.close(), two.close()]);
    const later = await start();
    expect((await refusal(await send(later, body)))[1]).toBe('invalid_grant');
    expect((await later.validate({ Authorization: `Bearer ${token}` })).status).toBe(200);
    await later.close();
  },
);

describe('The client of an assertion', () => {
  test('shows its secret in the header or in the form', async () => {
    const form = { grant_type: grantType, assertion: await idp.assertion() };
    expect((await post(form, basic(idpClient.id, idpClient.secret))).status).toBe(200);
    expect((await post({ ...form, ...inForm, assertion: await idp.assertion() })).status).toBe(200);
  });

  test.each<[string, Form]>([
    ['no secret', { client_secret: undefined }],
    ['an empty secret', { client_secret: '' }],
    ['a wrong secret', { client_secret: 'wrong' }],
    ['the digest of its secret', { client_secret: digestOf(idpClient.secret) }],
    ['the secret of another client', { client_secret: 'the secret of zed' }],
    ['an id that is not in the file', { client_id: 'unheard-of' }],
    ['no id', { client_id: undefined }],
  ])('is refused with %s', async (_what, change) => {
    const asked = idp.asked.length;
    expect((await refusal(await ask(await idp.assertion(), change))).slice(0, 2)).toEqual([401, 'invalid_client']);
    expect(idp.asked.length).toBe(asked);
  });

  test('is no public client, also with a secret that it made up', async () => {
    const { id } = await newOAuthClient(auth);
    const assertion = await idp.assertion({ claims: { client_id: id } });
    for (const client_secret of [undefined, 'made up'])
      expect((await refusal(await ask(assertion, { client_id: id, client_secret })))[1]).toBe('invalid_client');
  });

  test('gets nothing for another grant type with its secret', async () => {
    const answer = await post({ ...inForm, grant_type: 'client_credentials' });
    expect((await refusal(answer))[1]).toBe('invalid_client');
  });
});

describe('A revocation', () => {
  test.each<[string, 'user' | 'client', string]>([
    ['the person', 'user', 'acme|dora'],
    ['the client', 'client', 'zed'],
  ])('of %s ends the access, and refuses assertions that were issued before', async (_what, kind, value) => {
    const claims = { sub: kind === 'user' ? 'dora' : 'fay', client_id: 'zed' };
    const form = { client_id: 'zed', client_secret: 'the secret of zed' };
    const token = await tokenOf(await ask(await idp.assertion({ claims }), form));
    expect((await atGate(token)).status).toBe(200);
    const early = await idp.assertion({ claims });
    await auth.store.revocations.add({ kind, value, at: now() });
    expect(denialOf(await atGate(token)).code).toBe('access_revoked');
    expect(await refusal(await ask(early, form))).toEqual([
      ...[400, 'invalid_grant'],
      expect.stringContaining('an operator has ended this access'),
    ]);
    clock.advance(2);
    const later = await ask(await idp.assertion({ claims }), form);
    expect((await atGate(await tokenOf(later))).status).toBe(200);
  });

  test('by an assertion whose clock is ahead cannot be outrun', async () => {
    const token = await granted({ claims: { sub: 'erin', iat: now() + 25, exp: now() + 200 } });
    await auth.store.revocations.add({ kind: 'user', value: 'acme|erin', at: now() });
    expect(denialOf(await atGate(token)).code).toBe('access_revoked');
  });
});

test('While the keys of an identity provider cannot be read, its clients are asked to come back', async () => {
  const grant = createIdJagGrant({
    ...auth.authorization.oauth,
    ...auth.store,
    trusted: [
      {
        issuer: idpIssuer,
        clients: [{ id: 'cursor', digest: Buffer.from(digestOf('s'), 'hex') }],
        keys: async () => {
          const { DocumentError } = await import('../../../../auth-server/oauth/clients/document-fetch.ts');
          throw new DocumentError('its host does not answer', true);
        },
        personOf: () => {
          throw new Error('not asked');
        },
      },
    ],
  });
  const client = { id: 'cursor', secret: 's', authorization: undefined };
  await expect(grant({ client, assertion: await idp.assertion(), resource: undefined })).rejects.toMatchObject({
    ...{ error: 'temporarily_unavailable', status: 503, retryAfterSeconds: 30 },
  });
});

describe('Where no identity provider is trusted', () => {
  test('the grant type is not known, and not announced', async () => {
    const { url } = plain;
    const form = new URLSearchParams({ grant_type: grantType, client_id: 'cursor', assertion: await idp.assertion() });
    const answer = await fetch(`${url}/oauth2/token`, { method: 'POST', body: form });
    expect((await refusal(answer)).slice(0, 2)).toEqual([400, 'unsupported_grant_type']);
    const metadata = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).text();
    expect(metadata).not.toContain('jwt-bearer');
    expect(metadata).not.toContain('id-jag');
  });
});
