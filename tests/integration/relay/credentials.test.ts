import {
  json,
  type Relay,
  startRelay,
  startUpstream,
  textOf,
  tools,
  until,
} from '../../support/relay/relay-fixture.ts';

type Upstream = Awaited<ReturnType<typeof startUpstream>>;
let relay: Relay;
let upstream: Upstream;
let elsewhere: Upstream;
let assertion: string;
beforeAll(async () => {
  relay = await startRelay();
  upstream = await relay.lead(await startUpstream((response) => json(response, tools('get_a'))));
  elsewhere = await startUpstream((response) => json(response, tools('get_a')));
  const { headers } = await relay.admit(await relay.person('bob', 'some'), { server: 'one' });
  assertion = headers['x-mcp-assertion'] ?? '';
});
afterAll(async () => {
  await relay.close();
  await elsewhere.close();
});

const at = ({ port }: Upstream) => `http://127.0.0.1:${port}`;
const ends = Math.floor(Date.now() / 1000) + 600;
const base = { server: 'one', method: 'tools/list', owner: 'person:bob', kind: 'person' as const, marks: [], ends };
/** The headers from nginx: those of the auth-server, with the credential. */
const sent = async (credentialFor?: string, credential: object = { authorization: 'Bearer S3cret' }) => ({
  'x-relay': await relay.auth.assertions.signTicket({ ...base, ...(credentialFor && { credentialFor }) }),
  'x-mcp-assertion': assertion,
  ...credential,
});
const lastOf = ({ requests }: Upstream) => requests.at(-1)?.headers;

test.each([
  ['authorization', 'Bearer S3cret'],
  ['x-api-key', 'S3cret'],
])("The gateway's credential in %s reaches the server that the ticket names it for", async (header, value) => {
  const answer = await relay.send(await sent(at(upstream), { [header]: value }));
  expect([answer.statusCode, await textOf(answer)]).toEqual([200, JSON.stringify(tools('get_a'))]);
  expect(lastOf(upstream)?.[header]).toBe(value);
});

test('Credential headers without a ticket for them reach no server', async () => {
  const answer = await relay.send(await sent(undefined, { authorization: 'Bearer S3cret', 'x-api-key': 'S3cret' }));
  expect(answer.statusCode).toBe(200);
  await textOf(answer);
  expect(lastOf(upstream)).not.toHaveProperty('authorization');
  expect(lastOf(upstream)).not.toHaveProperty('x-api-key');
});

test("A route that changed after the gate's decision gets neither the credential nor the request", async () => {
  const headers = await sent(at(upstream));
  await relay.route('one', `http 127.0.0.1:${elsewhere.port} 127.0.0.1:${elsewhere.port} /mcp - github`);
  const answer = await relay.send(headers);
  expect(answer.statusCode).toBe(502);
  await textOf(answer);
  expect(elsewhere.requests).toEqual([]);
  await relay.route('one', `http 127.0.0.1:${upstream.port} 127.0.0.1:${upstream.port} /mcp - github`);
  expect((await relay.send(headers)).statusCode).toBe(200);
});

test('A redirect is not followed, so the credential does not leave the server', async () => {
  const redirecting = await relay.lead(
    await startUpstream((response) => response.writeHead(307, { location: `${at(elsewhere)}/mcp` }).end()),
  );
  const answer = await relay.send(await sent(at(redirecting)));
  expect(answer.statusCode).toBe(502);
  expect(await textOf(answer)).toContain('upstream_redirects');
  expect(lastOf(redirecting)).toMatchObject({ authorization: 'Bearer S3cret' });
  expect(elsewhere.requests).toEqual([]);
});

test("A routes file of an older version, without the secret's name, routes nothing, and the log reports it", async () => {
  const line = `http 127.0.0.1:${elsewhere.port} 127.0.0.1:${elsewhere.port} /mcp -`;
  void relay.route('one', line);
  expect(await until(() => relay.log().includes('malformed'))).toBe(true);
  const answer = await relay.send(await sent(undefined, {}));
  expect(answer.statusCode).toBe(502);
  await textOf(answer);
  expect(elsewhere.requests).toEqual([]);
});

test('The log contains no credential', () => {
  expect(relay.lines.length).toBeGreaterThan(0);
  expect(relay.log()).not.toContain('S3cret');
});
