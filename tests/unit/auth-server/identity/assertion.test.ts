import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { createAssertionSigner } from '../../../../auth-server/identity/assertion.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import type { KeyStore } from '../../../../auth-server/store/key.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { alice, now, publicUrl, temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';

let home: ReturnType<typeof temporaryDirectory>;
let store: Store;
beforeEach(async () => {
  home = temporaryDirectory();
  store = await openStore(home.directory);
});
afterEach(async () => {
  await store.close();
  home.remove();
});

const person: Principal = {
  kind: 'person',
  subject: alice.sub,
  username: 'alice',
  clientId: undefined,
  groups: alice.groups,
  scopes: ['mcp-registry-admin'],
  authMethod: 'session_cookie',
  sessionId: 'sid-1',
  expiresAt: now() + 3600,
};
const newSigner = (keys: KeyStore = store.keys) => createAssertionSigner(keys, publicUrl);

describe('an assertion', () => {
  test('verifies with the published key, for one server only', async () => {
    const signer = await newSigner();
    const token = await signer.sign(person, 'currenttime', 't');
    const options = { issuer: publicUrl, audience: `${publicUrl}/currenttime`, algorithms: ['EdDSA'] };
    const keys = createLocalJWKSet(await signer.jwks());
    const { payload, protectedHeader } = await jwtVerify(token, keys, options);
    expect(payload).toMatchObject({
      sub: alice.sub,
      username: 'alice',
      groups: alice.groups,
      scopes: ['mcp-registry-admin'],
      auth_method: 'session_cookie',
      tool: 't',
    });
    expect(protectedHeader.kid).toBe((await signer.jwks()).keys[0]?.kid);
    await expect(jwtVerify(token, keys, { ...options, audience: `${publicUrl}/fininfo` })).rejects.toThrow(/aud/);
  });

  test('publishes no private part of its key', async () => {
    const [key] = (await (await newSigner()).jwks()).keys;
    expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  test.each([
    ['two minutes', 3600, 120],
    ['the remaining lifetime of the credential, if that is shorter', 30, 30],
  ])('is valid for %s', async (_what, credential, lifetime) => {
    const signer = await newSigner();
    const { iat = 0, exp = 0 } = decodeJwt(await signer.sign({ ...person, expiresAt: now() + credential }, 'a'));
    expect(exp - iat).toBeGreaterThanOrEqual(lifetime - 1);
    expect(exp - iat).toBeLessThanOrEqual(lifetime);
  });
});

describe('the reuse of an assertion', () => {
  test('happens only for the same caller, server and tool', async () => {
    const signer = await newSigner();
    const first = await signer.sign(person, 'a', 't');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await signer.sign({ ...person }, 'a', 't')).toBe(first);
    const others = [
      await signer.sign(person, 'b', 't'),
      await signer.sign(person, 'a', 'u'),
      await signer.sign(person, 'a'),
      ...(await Promise.all(
        [
          { subject: 'x' },
          { clientId: 'c' },
          { username: 'bob' },
          { groups: [] },
          { scopes: [] },
          { authMethod: 'jwt' as const },
        ].map((change) => signer.sign({ ...person, ...change }, 'a', 't')),
      )),
    ];
    expect(new Set([first, ...others]).size).toBe(others.length + 1);
    // Another session of the same person has the same claims, but expires with its own credential.
    expect(await signer.sign({ ...person, sessionId: 'sid-2' }, 'a', 't')).not.toBe(first);
    expect(await signer.sign({ ...person, expiresAt: person.expiresAt - 1 }, 'a', 't')).not.toBe(first);
  });

  test('is also that of a ticket, unless it is too long to keep ten thousand of them', async () => {
    const hits: boolean[] = [];
    const signer = await createAssertionSigner(store.keys, publicUrl, undefined, (hit) => hits.push(hit));
    const reused = async (uris: readonly string[]) => {
      const owner = { server: 's', method: 'm', owner: 'person:a', kind: 'person' } as const;
      const ticket = { ...owner, ends: now() + 90, marks: [], uris };
      for (let n = 0; n < 2; n++) await signer.signTicket(ticket);
      return hits.at(-1);
    };
    expect([await reused(['x:a']), await reused(['x:'.padEnd(4_000, 'a')])]).toEqual([true, false]);
  });

  test('stops at forget(), so that a changed policy applies at once', async () => {
    const signer = await newSigner();
    const first = await signer.sign(person, 'a');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    signer.forget();
    expect(await signer.sign(person, 'a')).not.toBe(first);
  });
});

describe('the key of the assertions', () => {
  test('survives a restart', async () => {
    const before = await newSigner();
    const token = await before.sign(person, 'a');
    const published = await before.jwks();
    await store.close();
    store = await openStore(home.directory);
    const after = await newSigner();
    expect(await after.jwks()).toEqual(published);
    await expect(jwtVerify(token, createLocalJWKSet(await after.jwks()))).resolves.toBeDefined();
  });

  test('is the same for two processes that start at the same time', async () => {
    const other = await openStore(home.directory);
    // Both processes find no key, as in two first starts at the same moment.
    const blindOnce = (keys: KeyStore): KeyStore => {
      let looks = 0;
      return { ...keys, list: async () => (looks++ < 2 ? [] : keys.list()) };
    };
    const one = await newSigner(blindOnce(store.keys));
    const first = await one.sign(person, 'a');
    const two = await newSigner(blindOnce(other.keys));
    const second = await two.sign(person, 'a');
    expect(decodeProtectedHeader(second).kid).toBe(decodeProtectedHeader(first).kid);
    expect(await one.jwks()).toEqual(await two.jwks());
    expect(await store.keys.list()).toHaveLength(1);
    await other.close();
  });

  test('differs between stores', async () => {
    const elsewhere = temporaryDirectory();
    const other = await openStore(elsewhere.directory);
    const [one, two] = [await newSigner(), await newSigner(other.keys)];
    expect(await one.jwks()).not.toEqual(await two.jwks());
    await other.close();
    elsewhere.remove();
  });

  test('is replaced at once when an operator empties the table, and nothing that the old key signed stays valid', async () => {
    const signer = await newSigner();
    const stolen = await signer.sign(person, 'a');
    await store.keys.update(async () => []);
    const fresh = await signer.sign(person, 'b');
    const keys = createLocalJWKSet(await signer.jwks());
    await expect(jwtVerify(fresh, keys)).resolves.toBeDefined();
    await expect(jwtVerify(stolen, keys)).rejects.toThrow(/no applicable key/);
  });

  test('is never one that the store failed to save', async () => {
    const update = () => Promise.reject(new Error('disk full'));
    await expect(newSigner({ ...store.keys, list: async () => [], update })).rejects.toThrow('disk full');
    const forget: KeyStore['update'] = async (change) => void (await change([]));
    const forgetful = { ...store.keys, list: async () => [], update: forget };
    await expect(newSigner(forgetful)).rejects.toThrow(/Is the store writable/);
  });
});
