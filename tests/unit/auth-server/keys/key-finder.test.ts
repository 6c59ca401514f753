import { type CompactJWSHeaderParameters, exportJWK, type FlattenedJWSInput, generateKeyPair, type JWK } from 'jose';
import { createKeyFinder } from '../../../../auth-server/keys/signing-keys.ts';

const made = async (kid: string): Promise<JWK> => {
  const { publicKey } = await generateKeyPair('ES256');
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
};
let published: JWK[];
let reads: number;
let milliseconds: number;
let find: (kid: string) => Promise<'found' | 'unknown'>;
beforeEach(async () => {
  [published, reads, milliseconds] = [[await made('first')], 0, 0];
  const finder = createKeyFinder(
    async () => {
      reads++;
      return { keys: published };
    },
    () => milliseconds,
  );
  find = async (kid) => {
    const header = { alg: 'ES256', kid } as CompactJWSHeaderParameters;
    const key = finder(header, {} as FlattenedJWSInput) as Promise<unknown>;
    return await key.then(
      () => 'found' as const,
      () => 'unknown' as const,
    );
  };
});

test('A key that replaces all others is found at once, also just after a token of an old one was refused', async () => {
  expect(await find('first')).toBe('found');
  published = [];
  expect(await find('other')).toBe('unknown');
  published = [await made('second')];
  expect(await find('second')).toBe('found');
});

test('Strangers that name keys make the database read ten times a second at most', async () => {
  for (let tries = 0; tries < 50; tries++) expect(await find(`k${tries}`)).toBe('unknown');
  expect(reads).toBeLessThanOrEqual(11);
  published.push(await made('second'));
  milliseconds += 1_000;
  expect(await find('second')).toBe('found');
});

test('A key in use is read again after ten seconds: one that was taken away is found no more', async () => {
  expect(await find('first')).toBe('found');
  published = [];
  milliseconds += 9_999;
  expect(await find('first')).toBe('found');
  milliseconds += 2;
  expect(await find('first')).toBe('unknown');
});
