import { heldCall } from '../../../../../auth-server/gate/person/held.ts';
import type { Principal } from '../../../../../auth-server/identity/principal.ts';

const principal = { kind: 'person', subject: 'alice', username: 'alice', clientId: undefined } as Principal;
const access = { method: 'tools/call', object: { kind: 'tool', name: 'send' } } as const;
const definitions = { find: () => undefined };
const held = (params: object) => {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }));
  return heldCall(definitions, principal, { server: 'pay' }, { accesses: [access] }, body);
};

test('A call is spelled out for people, whatever stands beside it', () => {
  const meta = { filler: 'x'.repeat(200_000) };
  expect(held({ name: 'send', arguments: { to: 'bob' }, _meta: meta }).text).toBe(
    '{"arguments":{"to":"bob"},"name":"send"}',
  );
});

test.each([
  ['whose arguments are larger than 16 kB', { arguments: { to: 'x'.repeat(16_384) } }],
  ['whose body is much larger than that, which would take long to spell', { _meta: { filler: 'x'.repeat(262_144) } }],
])('A call is not held %s', (_what, more) => {
  expect(() => held({ name: 'send', ...more })).toThrow(/larger than the 16 kB that can be held/);
});
