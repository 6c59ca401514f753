import { compactVerify, errors } from 'jose';
import { createIssuerKeys } from '../../../../../auth-server/oauth/id-jag/issuer-keys.ts';
import { createIssuerRead } from '../../../../../auth-server/oauth/id-jag/trust.ts';
import { idpIssuer, startIdentityProvider } from '../../../../support/auth-server/identity-provider.ts';

const [discovery, keys] = ['/.well-known/openid-configuration', '/keys'];
let time = 0;
let idp: Awaited<ReturnType<typeof startIdentityProvider>>;
beforeEach(async () => {
  time = 0;
  idp = await startIdentityProvider('https://gateway.example');
});
afterEach(() => idp.close());

const find = (change: object = {}) =>
  createIssuerKeys({ issuer: idpIssuer, jwks: undefined, jwksUri: undefined, ...change }, idp.read, () => time * 1_000);
const verify = async (by: ReturnType<typeof find>, withNextKey = false) =>
  await compactVerify(await idp.assertion({ withNextKey }), by as never);

describe('The keys of a trusted identity provider', () => {
  test('are found by its discovery document, once for many assertions, and again after ten minutes', async () => {
    const by = find();
    await Promise.all(Array.from({ length: 20 }, () => verify(by)));
    expect(idp.asked).toEqual([discovery, keys]);
    time = 599;
    await verify(by);
    expect(idp.asked).toHaveLength(2);
    time = 601;
    await verify(by);
    expect(idp.asked).toHaveLength(4);
  });

  test('are at the address of the settings, or in them', async () => {
    await verify(find({ jwksUri: `${idpIssuer}/keys` }));
    expect(idp.asked).toEqual([keys]);
    await verify(find({ jwks: { keys: idp.keys } }));
    expect(idp.asked).toEqual([keys]);
  });

  test('are read again for a new key, but assertions with unknown keys make no flood', async () => {
    const by = find();
    await verify(by);
    for (let n = 0; n < 20; n++) await expect(verify(by, true)).rejects.toThrow(errors.JWKSNoMatchingKey);
    expect(idp.asked).toHaveLength(2);
    time = 31;
    await idp.rotate();
    await verify(by, true);
    expect(idp.asked).toHaveLength(4);
  });

  test('that cannot be read are asked for again after half a minute only', async () => {
    idp.down = 500;
    const by = find();
    for (let n = 0; n < 20; n++) await expect(verify(by)).rejects.toThrow();
    expect(idp.asked).toHaveLength(1);
    idp.down = undefined;
    time = 29;
    await expect(verify(by)).rejects.toThrow('its keys could not be read a moment ago');
    time = 31;
    await verify(by);
  });

  test('that are gone at the provider are not used for longer than ten minutes', async () => {
    const by = find();
    await verify(by);
    idp.down = 500;
    time = 601;
    await expect(verify(by)).rejects.toThrow();
  });

  test('are not taken from the discovery document of another issuer', async () => {
    idp.issuer = 'https://other.example';
    await expect(verify(find())).rejects.toThrow('its discovery document is of another issuer, or names no keys');
    expect(idp.asked).toEqual([discovery]);
  });

  test('are read from public addresses only', async () => {
    for (const host of ['127.0.0.1', '169.254.169.254', '10.0.0.1'])
      await expect(createIssuerRead(false)(new URL(`https://${host}/keys`))).rejects.toThrow('its host is not public');
  });
});
