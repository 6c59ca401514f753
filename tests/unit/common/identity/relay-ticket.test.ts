import { jest } from '@jest/globals';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import {
  ticketAudience,
  ticketLifetimeSeconds,
  verifyOpenTicket,
  verifyTicket,
} from '../../../../common/identity/ticket.ts';

const publicUrl = 'http://localhost:8080';
const now = () => Math.floor(Date.now() / 1000);
const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
const { privateKey: rsaKey, publicKey: rsaPublic } = await generateKeyPair('RS256', { extractable: true });
const keys = createLocalJWKSet({
  keys: [
    { ...(await exportJWK(publicKey)), kid: 'ours' },
    { ...(await exportJWK(rsaPublic)), kid: 'rsa' },
  ],
});
const ticket = {
  server: 'clock',
  method: 'tools/list',
  owner: 'person:alice',
  kind: 'person',
  ends: now() + 3600,
  marks: ['a', 'b'],
};

interface Forgery {
  claims?: Record<string, unknown>;
  issuer?: string;
  audience?: string;
  /** Seconds before now; undefined leaves the claim out. */
  issued?: number | undefined;
  /** Seconds from now; undefined leaves the claim out. */
  expires?: number | undefined;
  alg?: 'EdDSA' | 'Ed25519' | 'RS256';
  /** Something that its reader has to understand (RFC 7515 section 4.1.11). */
  critical?: string;
}
/** A ticket with valid claims. Each test changes one thing. */
async function made(change: Forgery = {}): Promise<string> {
  const { issuer, audience, issued, expires, alg, critical } = {
    issuer: publicUrl,
    audience: `${publicUrl}/#relay`,
    issued: 0,
    expires: 60,
    alg: 'EdDSA',
    critical: undefined,
    ...change,
  };
  const later = critical === undefined ? {} : { [critical]: true };
  const times: JWTPayload = {
    ...(issued !== undefined && { iat: now() - issued }),
    ...(expires !== undefined && { exp: now() + expires }),
  };
  return await new SignJWT({ ...ticket, ...change.claims, ...times })
    .setProtectedHeader({
      ...{ alg, kid: alg === 'RS256' ? 'rsa' : 'ours', typ: 'JWT', ...later },
      ...(critical !== undefined && { crit: [critical] }),
    })
    .setIssuer(issuer)
    .setAudience(audience)
    .sign(alg === 'RS256' ? rsaKey : privateKey, { crit: later });
}
const read = async (change?: Forgery) => await verifyTicket(await made(change), keys, publicUrl);

describe('a ticket for the relay', () => {
  test('holds what the auth-server has found out, and nothing else', async () => {
    expect(await read()).toEqual(ticket);
    const all = { uris: ['x:1'], target: '/messages?id=1', kind: 'agent' };
    expect(await read({ claims: { ...all, more: 'ignored' } })).toEqual({ ...ticket, ...all });
  });

  test('is for an audience that no server can have', () => {
    expect(ticketAudience('https://gw.example')).toBe('https://gw.example/#relay');
  });

  test('may be signed under either name of its algorithm (RFC 9864)', async () => {
    expect(await read({ alg: 'Ed25519' })).toEqual(ticket);
  });

  test.each<[string, Forgery, string]>([
    ['of another gateway', { issuer: 'https://other.example' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that is an assertion for a server', { audience: `${publicUrl}/clock` }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that never expires', { expires: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that has no issue time', { issued: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that has expired', { expires: -6 }, 'ERR_JWT_EXPIRED'],
    ['that is older than two minutes, but not expired', { issued: 126, expires: 3600 }, 'ERR_JWT_EXPIRED'],
    ['that comes from the future', { issued: -60, expires: 120 }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['signed by another kind of key', { alg: 'RS256' }, 'ERR_JOSE_ALG_NOT_ALLOWED'],
    [
      'of a later version, with something that its reader has to understand,',
      { critical: 'x' },
      'ERR_JOSE_NOT_SUPPORTED',
    ],
  ])('%s is rejected', async (_what, change, code) => {
    await expect(read(change)).rejects.toMatchObject({ code });
  });

  test('is valid for two minutes, and tolerates a clock that is some seconds off', async () => {
    expect(ticketLifetimeSeconds).toBe(120);
    expect(await read({ issued: 118, expires: -3 })).toEqual(ticket);
    expect(await read({ issued: -3 })).toEqual(ticket);
  });

  test.each([
    ['server', undefined],
    ['method', 7],
    ['owner', undefined],
    ['kind', 'robot'],
    ['uris', 'x:1'],
    ['uris', [1]],
    ['target', 7],
    ['ends', 'never'],
    ['marks', undefined],
    ['marks', [1]],
  ])('whose %s is %j is rejected, although its signature is valid', async (claim, value) => {
    await expect(read({ claims: { [claim]: value } })).rejects.toMatchObject({
      name: 'ZodError',
      issues: [expect.objectContaining({ path: expect.arrayContaining([claim]) })],
    });
  });
});

describe('the ticket of a request that is still in progress', () => {
  const readOpen = async (change?: Forgery) => await verifyOpenTicket(await made(change), keys, publicUrl);
  const old: Forgery = { issued: 5000, expires: -4880 };

  test('stays valid', async () => {
    await expect(read(old)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
    expect(await readOpen(old)).toEqual(ticket);
  });

  test('is invalid once the credential behind it has ended', async () => {
    await expect(readOpen({ ...old, claims: { ends: now() - 1 } })).rejects.toThrow(/credential .* has ended/);
    expect(await readOpen({ ...old, claims: { ends: now() + 5 } })).toMatchObject({ owner: 'person:alice' });
    const ends = now() + 5;
    const value = await made({ ...old, claims: { ends } });
    const clock = jest.spyOn(Date, 'now').mockReturnValue(ends * 1000);
    try {
      await expect(verifyOpenTicket(value, keys, publicUrl)).rejects.toThrow(/has ended/);
    } finally {
      clock.mockRestore();
    }
  });

  test.each<[string, Forgery, string]>([
    ['of another gateway', { issuer: 'https://other.example' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that is an assertion for a server', { audience: `${publicUrl}/clock` }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that has no issue time', { issued: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that had expired before it was issued', { expires: -6000 }, 'ERR_JWT_EXPIRED'],
    ['signed by another kind of key', { alg: 'RS256' }, 'ERR_JOSE_ALG_NOT_ALLOWED'],
  ])('%s is rejected at any age', async (_what, change, code) => {
    await expect(readOpen({ ...old, ...change })).rejects.toMatchObject({ code });
  });
});
