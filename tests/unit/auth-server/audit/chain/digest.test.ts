import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { digestBytes, digestOf, genesis, linkOf } from '../../../../../auth-server/audit/chain/digest.ts';

const sha256 = (...parts: Uint8Array[]) => {
  const all = createHash('sha256');
  for (const part of parts) all.update(part);
  return all.digest('hex');
};

test('a link is made as the documentation says, so that other programs can check it', () => {
  const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const digest = digestOf(salt, '{"object":"Ä"}');
  expect(digest.toString('hex')).toBe(sha256(salt, Buffer.from('{"object":"Ä"}', 'utf8')));
  const first = linkOf(genesis('00ff'), 1, digest);
  expect(first.toString('hex')).toBe(
    sha256(Buffer.from(sha256(Buffer.from('00ff')), 'hex'), Buffer.from('0000000000000001', 'hex'), digest),
  );
  const far = linkOf(first, 2 ** 40 + 3, digest);
  expect(far.toString('hex')).toBe(sha256(first, Buffer.from('0000010000000003', 'hex'), digest));
  expect(first).toHaveLength(digestBytes);
});
