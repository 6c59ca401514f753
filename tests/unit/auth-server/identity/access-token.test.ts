import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { createAccessTokens } from '../../../../auth-server/identity/access-token.ts';
import { createAssertionSigner } from '../../../../auth-server/identity/assertion.ts';
import { createSigningKeys } from '../../../../auth-server/keys/signing-keys.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { now, temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { useClock } from '../../../support/clock.ts';

const clock = useClock();
const publicUrl = 'https://gw.example';
const grant = { sub: 'alice', sid: 'sid', client: 'digest', resource: `${publicUrl}/a/mcp` };
const home = temporaryDirectory();
let store: Store;
beforeAll(async () => {
  store = await openStore(home.directory);
});
afterAll(async () => {
  await store.close();
  home.remove();
});
const newTokens = (issuer = publicUrl) => createAccessTokens(createSigningKeys(store.accessTokenKeys), issuer);
const refused = (code: string) => expect.objectContaining({ code });

/** A token with the gateway's key, with the changes of `claims` and `header`. */
async function signed(claims: object, header: object = {}): Promise<string> {
  const { kid, alg, key } = await createSigningKeys(store.accessTokenKeys).current();
  const all = { iss: publicUrl, aud: grant.resource, sub: 'alice', sid: 'sid', client_id: 'digest', iat: now() };
  const payload = JSON.parse(JSON.stringify({ ...all, exp: now() + 60, ...claims }));
  return new SignJWT(payload).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header }).sign(key);
}

test('An access token names its record, client and audience, and no groups', async () => {
  const token = await newTokens().mint(grant);
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
  const { iat = 0, jti, ...claims } = decodeJwt(token);
  expect(claims).toEqual({
    ...{ iss: publicUrl, aud: grant.resource, sub: 'alice', sid: 'sid', client_id: 'digest', scope: 'mcp' },
    exp: iat + 600,
  });
  expect(jti).not.toBe(decodeJwt(await newTokens().mint(grant)).jti);
});

test('An access token is verified by every process, and known afterwards', async () => {
  const token = await newTokens().mint(grant);
  const other = newTokens();
  expect(other.known(token)).toBeUndefined();
  const claims = await other.verify(token);
  expect(claims).toEqual({ ...grant, iat: expect.any(Number), exp: expect.any(Number) });
  expect(other.known(token)).toBe(claims);
  expect([other.looksOurs(token), other.isOurs(token)]).toEqual([true, true]);
  expect([other.looksOurs('eyJraWQiOiJ4In0.e30.x'), other.isOurs('x')]).toEqual([false, false]);
});

test('An access token expires after ten minutes, known or not', async () => {
  const tokens = newTokens();
  const token = await tokens.mint(grant);
  await tokens.verify(token);
  clock.advance(599);
  await expect(tokens.verify(token)).resolves.toMatchObject({ sid: 'sid' });
  clock.advance(7);
  expect(tokens.known(token)).toBeUndefined();
  await expect(tokens.verify(token)).rejects.toEqual(refused('token_expired'));
});

test.each<[string, object, object]>([
  ['another issuer', { iss: 'https://other.example' }, {}],
  ['the type of an assertion', {}, { typ: 'JWT' }],
  ['no type', {}, { typ: undefined }],
  ['no subject', { sub: undefined }, {}],
  ['no record', { sid: undefined }, {}],
  ['no client', { client_id: undefined }, {}],
  ['no audience', { aud: undefined }, {}],
  ['two audiences', { aud: [grant.resource, `${publicUrl}/b/mcp`] }, {}],
  ['no issue time', { iat: undefined }, {}],
  ['no expiry', { exp: undefined }, {}],
  ['an unknown key', {}, { kid: 'other' }],
])('A token with %s is refused, although the key is right', async (_what, claims, header) => {
  await expect(newTokens().verify(await signed({}))).resolves.toBeDefined();
  await expect(newTokens().verify(await signed(claims, header))).rejects.toEqual(refused('token_invalid'));
});

test('A token by a key that is not ours is refused', async () => {
  const { kid } = await createSigningKeys(store.accessTokenKeys).current();
  const { privateKey } = await generateKeyPair('ES256');
  const claims = decodeJwt(await newTokens().mint(grant));
  const forged = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' }).sign(privateKey);
  await expect(newTokens().verify(await forged)).rejects.toEqual(refused('token_invalid'));
});

test.each(['', 'a', 'a.b.c', 'mgt_abc', `${'a'.repeat(100_000)}.b.c`])('%.12j is refused', async (text) => {
  await expect(newTokens().verify(text)).rejects.toEqual(refused('token_invalid'));
});

test('Assertions and access tokens have keys of their own', async () => {
  const assertions = await createAssertionSigner(store.keys, publicUrl);
  const [ours, theirs] = [await newTokens().jwks(), await assertions.jwks()];
  const kids = ({ keys }: typeof ours) => keys.map(({ kid }) => kid);
  expect(kids(ours)).toHaveLength(1);
  expect(kids(ours)).not.toEqual(kids(theirs));
  expect(ours.keys).toEqual([expect.objectContaining({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })]);
  expect(JSON.stringify(ours)).not.toContain('"d"');
});

test('A token stays good while its key has stopped, and not after the key was taken away', async () => {
  const token = await newTokens().mint(grant);
  const [before] = await store.accessTokenKeys.list();
  await store.accessTokenKeys.update(async (keys) => keys.map((key) => ({ ...key, stoppedAt: now() })));
  const { kid } = decodeProtectedHeader(await newTokens().mint(grant));
  expect(kid).not.toBe(before?.kid);
  await expect(newTokens().verify(token)).resolves.toBeDefined();
  await store.accessTokenKeys.update(async () => []);
  await expect(newTokens().verify(token)).rejects.toEqual(refused('token_invalid'));
});
