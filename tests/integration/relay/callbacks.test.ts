import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { publicUrl } from '../../support/auth-server/auth-fixture.ts';
import { json, type Relay, startRelay, startUpstream, textOf, tools } from '../../support/relay/relay-fixture.ts';

let relay: Relay;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let good: { 'x-relay': string; 'x-mcp-assertion': string };
let other: typeof good;
let elsewhere: typeof good;
beforeAll(async () => {
  relay = await startRelay();
  upstream = await relay.lead(await startUpstream((response) => json(response, tools('get_a', 'set_a'))));
  await relay.route('two', `http 127.0.0.1:${upstream.port} 127.0.0.1:${upstream.port} /mcp - -`);
  const bob = await relay.person('bob', 'some');
  const admitted = async (cookie: string, server: string) => {
    const { headers } = await relay.admit(cookie, { server });
    return headers as typeof good;
  };
  good = await admitted(bob, 'one');
  elsewhere = await admitted(bob, 'two');
  other = await admitted(await relay.person('carol', 'some'), 'one');
});
afterAll(() => relay.close());

const claims = { server: 'one', method: 'tools/list', owner: 'person:bob', kind: 'person', marks: [] };
const seconds = () => Math.floor(Date.now() / 1000);
const signed = async (change: object, audience = `${publicUrl}/#relay`, issued = seconds(), ends = seconds() + 60) => {
  const { key } = await ownKey();
  return new SignJWT({ ...claims, ends: seconds() + 60, ...change })
    .setProtectedHeader({ alg: 'EdDSA', kid: (await realKid()) ?? '', typ: 'JWT' })
    .setIssuer(publicUrl)
    .setAudience(audience)
    .setIssuedAt(issued)
    .setExpirationTime(ends)
    .sign(key);
};
const ownKey = async () => {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  return { key: privateKey, jwk: await exportJWK(privateKey) };
};
const realKid = async () => (await relay.auth.assertions.jwks()).keys[0]?.kid;
const ticket = (change: object = {}) =>
  relay.auth.assertions.signTicket({
    ...{ server: 'one', method: 'tools/list', owner: 'person:bob', kind: 'person', marks: [], ends: seconds() + 60 },
    ...change,
  });

test("The relay forwards a request with the auth-server's ticket and assertion", async () => {
  const before = upstream.requests.length;
  const answer = await relay.send(good);
  expect(answer.statusCode).toBe(200);
  expect(await textOf(answer)).toBe(JSON.stringify(tools('get_a')));
  expect(upstream.requests).toHaveLength(before + 1);
  expect(upstream.requests.at(-1)?.headers).not.toHaveProperty('x-relay');
  expect(upstream.requests.at(-1)?.headers['x-mcp-assertion']).toBe(good['x-mcp-assertion']);
});

const unsecured = () =>
  new UnsecuredJWT({ ...claims, ends: seconds() + 60 })
    .setIssuer(publicUrl)
    .setAudience(`${publicUrl}/#relay`)
    .setIssuedAt()
    .setExpirationTime('1m')
    .encode();

test.each<[string, () => object | Promise<object>, string?]>([
  ['nothing', () => ({})],
  ['an assertion alone', () => ({ 'x-mcp-assertion': good['x-mcp-assertion'] })],
  ['a ticket alone', () => ({ 'x-relay': good['x-relay'] })],
  ['a guessed 1', () => ({ ...good, 'x-relay': '1' })],
  ['garbage', () => ({ ...good, 'x-relay': 'a.b.c' })],
  ['an empty ticket', () => ({ ...good, 'x-relay': '' })],
  ['the ticket twice', () => ({ ...good, 'x-relay': [good['x-relay'], good['x-relay']] })],
  ['a ticket with another signature', () => ({ ...good, 'x-relay': `${good['x-relay'].slice(0, -6)}AAAAAA` })],
  ['an unsigned ticket', () => ({ ...good, 'x-relay': unsecured() })],
  ['a ticket signed with a key of its own', async () => ({ ...good, 'x-relay': await signed({}) })],
  ['an expired ticket', async () => ({ ...good, 'x-relay': await ticket({ ends: seconds() - 10 }) })],
  ['the ticket for another server', () => ({ ...good, 'x-relay': elsewhere['x-relay'] })],
  ['ticket and assertion for another server', () => elsewhere],
  ['ticket and assertion, for the other path', () => good, 'two'],
  ['the assertion for another server', () => ({ ...good, 'x-mcp-assertion': elsewhere['x-mcp-assertion'] })],
  ["another caller's assertion", () => ({ ...good, 'x-mcp-assertion': other['x-mcp-assertion'] })],
  ["another caller's ticket", () => ({ ...good, 'x-relay': other['x-relay'] })],
  ['a ticket whose kind and owner part', async () => ({ ...good, 'x-relay': await ticket({ kind: 'agent' }) })],
  ['the assertion as its ticket', () => ({ ...good, 'x-relay': good['x-mcp-assertion'] })],
  ['the ticket as its assertion', () => ({ ...good, 'x-mcp-assertion': good['x-relay'] })],
  ['the two exchanged', () => ({ 'x-relay': good['x-mcp-assertion'], 'x-mcp-assertion': good['x-relay'] })],
])('The relay answers 403 to %s, and the server gets no request', async (_what, headers, server = 'one') => {
  const before = upstream.requests.length;
  const answer = await relay.send((await headers()) as Record<string, string>, { server });
  expect(answer.statusCode).toBe(403);
  expect(JSON.parse(await textOf(answer))).toMatchObject({ id: null, error: { data: { reason: 'ticket_invalid' } } });
  expect(upstream.requests).toHaveLength(before);
});

test('An expired ticket is rejected, however often it was accepted before', async () => {
  // Clocks may differ by five seconds.
  const ends = seconds() - 3;
  const headers = { ...good, 'x-relay': await ticket({ ends }) };
  expect((await relay.send(headers)).statusCode).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 3_200));
  expect((await relay.send(headers)).statusCode).toBe(403);
});

test("The relay's log never contains a ticket, an assertion or a cookie", async () => {
  await textOf(await relay.send({ ...good, 'x-relay': 'garbage-ticket' }));
  for (const secret of ['garbage-ticket', good['x-relay'], good['x-mcp-assertion']])
    expect(relay.log()).not.toContain(secret);
});
