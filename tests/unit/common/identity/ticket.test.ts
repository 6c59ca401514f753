import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Ticket, ticketAudience, verifyOpenTicket, verifyTicket } from '../../../../common/identity/ticket.ts';

const publicUrl = 'http://localhost:8080';
/** Looked at once: a second may begin between a ticket and what is expected of it. */
const now = Math.floor(Date.now() / 1000);
const { privateKey, publicKey } = await generateKeyPair('EdDSA');
const other = await generateKeyPair('EdDSA');
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: 'EdDSA' }] });

const ticket = (ends: number): Ticket => ({
  server: 'echo',
  method: '(stream)',
  owner: 'person:1',
  kind: 'person',
  ends,
  marks: [],
});

/** A ticket as the auth-server signs it, issued this many seconds ago, for a credential that expires in this many seconds. */
function given(
  secondsAgo: number,
  endsIn: number,
  change: Record<string, unknown> = {},
  key = privateKey,
  typ = 'JWT',
): Promise<string> {
  const iat = now - secondsAgo;
  const ends = now + endsIn;
  const times = { iat, exp: Math.min(iat + 120, ends) };
  const all = { iss: publicUrl, aud: ticketAudience(publicUrl), ...times, ...ticket(ends), ...change };
  return new SignJWT(all).setProtectedHeader({ alg: 'EdDSA', typ }).sign(key);
}

test('A new ticket is valid for a request and while the request is answered', async () => {
  const token = await given(0, 3_600);
  expect(await verifyTicket(token, keys, publicUrl)).toEqual(ticket(now + 3_600));
  expect(await verifyOpenTicket(token, keys, publicUrl)).toEqual(ticket(now + 3_600));
});

test('After two minutes it is invalid for a new request, and still valid for an open stream', async () => {
  const token = await given(130, 3_600);
  await expect(verifyTicket(token, keys, publicUrl)).rejects.toThrow();
  expect(await verifyOpenTicket(token, keys, publicUrl)).toMatchObject({ owner: 'person:1' });
});

test("It is invalid once its owner's credential has ended", async () => {
  const token = await given(130, -1);
  await expect(verifyTicket(token, keys, publicUrl)).rejects.toThrow();
  await expect(verifyOpenTicket(token, keys, publicUrl)).rejects.toThrow(/has ended/);
});

test.each<[string, () => Promise<string>]>([
  ['another key signed it', () => given(0, 60, {}, other.privateKey)],
  ['it has the type of an access token', () => given(0, 60, {}, privateKey, 'at+jwt')],
  ['it is an assertion', () => given(0, 60, { aud: `${publicUrl}/echo` })],
  ['another gateway issued it', () => given(0, 60, { iss: 'http://localhost:9090' })],
  ['it has no issue time', () => given(0, 60, { iat: undefined })],
  ['it never expires', () => given(0, 60, { exp: undefined })],
  ['it has no owner', () => given(0, 60, { owner: undefined })],
  ['it is not a token', async () => 'x'],
])('A ticket is rejected, for a stream too, when %s', async (_what, make) => {
  const token = await make();
  await expect(verifyTicket(token, keys, publicUrl)).rejects.toThrow();
  await expect(verifyOpenTicket(token, keys, publicUrl)).rejects.toThrow();
});
