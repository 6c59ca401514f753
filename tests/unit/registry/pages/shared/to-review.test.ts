import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { createNavigation } from '../../../../../registry/pages/shared/navigation.ts';
import { createToReview } from '../../../../../registry/pages/shared/to-review.ts';
import { admin, storeOf } from '../../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
UI-Scopes:
  all: { list_service: [all], modify_service: [all] }
  some: { list_service: [all], modify_service: [one] }
  looks: { list_service: [all] }
  blind: { modify_service: [all] }
`);
const server = (name: string, enabled = true) => ({
  name,
  title: name,
  description: name,
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp' },
  enabled,
});
const store = await storeOf(JSON.stringify([server('one'), server('two'), server('off', false), server('calm')]));
afterAll(() => store.close());
const hashes = (pending: number) => ({
  approved: new Map<string, string>(),
  pending: new Map(Array.from({ length: pending }, (_, i) => [`tool-${i}`, 'h'])),
  rejected: new Set<string>(),
  readOnly: new Set<string>(),
});
const waiting = new Map([
  ['one', hashes(3)],
  ['two', hashes(1)],
  ['off', hashes(2)],
  ['calm', hashes(0)],
  ['deleted', hashes(1)],
]);
const person = (scope: string) => ({ ...admin, authMethod: 'session_cookie' as const, scopes: [scope] });
const definitions = { hashes: () => waiting };
const toReview = createToReview({ policy: () => policy, store, definitions });

test.each([
  ['may approve tools of all servers', 'all', 2],
  ['may approve those of one server', 'some', 1],
  ['may only see them', 'looks', 0],
  ['may not see them', 'blind', 0],
  ['has no rights', 'none', 0],
])('A person who %s is told of enabled servers with tools to review that they may approve', (_who, scope, count) => {
  expect(toReview(person(scope))).toBe(count);
  expect(createNavigation(() => policy, toReview)(person(scope), '/')[0]?.toReview).toBe(count);
});
