import { readFileSync } from 'node:fs';
import { type Desk, newDesk } from '../support/agents/agents-fixture.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

const gateway = await sharedGateway();
const shipped = readFileSync('scopes.yml', 'utf8');
/** Who may only read loses the currenttime server's lists; everyone gains its tools. */
const other = shipped
  .replace(/(mcp-servers-restricted\/read:\n)( {2}- server: currenttime\n(?: {4}.*\n)+)/, '$1')
  .concat('\n', 'replayed:\n  - {server: currenttime, methods: [tools/call], tools: [current_time_by_timezone]}\n')
  .replace('  mcp-registry-user:\n', '  mcp-registry-user:\n    - replayed\n');

let alice: Desk;
let bob: Desk;
beforeAll(async () => {
  const way = { REGISTRY_URL: gateway.url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}` };
  [alice, bob] = [newDesk(way), newDesk(way)];
  await alice.logIn('alice');
  await bob.logIn('bob');
  const cookie = await gateway.sessionCookie('bob');
  const accept = 'application/json, text/event-stream';
  const headers = { cookie, origin: gateway.url, 'content-type': 'application/json', accept };
  const ask = (body: string) => send(gateway.ports.gateway, { path: '/currenttime/mcp', headers, body });
  await ask(rpc('tools/list'));
  await ask(rpc('tools/call', { name: 'current_time_by_timezone', arguments: {} }));
});
afterAll(() => {
  alice?.remove();
  bob?.remove();
});

const replay = (who: Desk, text: string, ...more: string[]) =>
  who.run(['policy', 'replay', who.file('new.yml', text), '--since', '1h', ...more]);

test('An editor learns from the command line which of the recorded calls a new policy would refuse and allow', async () => {
  const { code, out } = await replay(alice, other, '--json');
  expect(code).toBe(0);
  const { allowed, refused } = JSON.parse(out);
  const about = (rows: { server: string; name: string; method: string; object: string }[]) =>
    rows.filter(({ server }) => server === 'currenttime').map(({ name, method, object }) => [name, method, object]);
  expect(about(refused.rows)).toContainEqual(['bob', 'tools/list', '']);
  expect(about(allowed.rows)).toContainEqual(['bob', 'tools/call', 'current_time_by_timezone']);
});

test('The shipped policy over its own decisions changes nothing for bob', async () => {
  const { allowed, refused, records } = JSON.parse((await replay(alice, shipped, '--json')).out);
  expect(records).toBeGreaterThan(1);
  const ofBob = ({ rows }: { rows: { name: string }[] }) => rows.filter(({ name }) => name === 'bob');
  expect([ofBob(allowed), ofBob(refused)]).toEqual([[], []]);
});

test('A file that is no policy is refused with its faults, and so is a person without edit_policy', async () => {
  const faulty = await replay(alice, 'group_mappings: []');
  expect(faulty.code).toBe(1);
  expect(faulty.err).toContain('The text is no policy: line 1');
  const denied = await replay(bob, shipped);
  expect(denied.code).toBe(4);
  expect(denied.err).toContain('edit_policy');
});
