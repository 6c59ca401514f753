import fc from 'fast-check';
import { stringify } from 'yaml';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { Access } from '../../../policy/request/mcp-request.ts';
import { lifecycle, methods, type ObjectKind } from '../../../policy/request/methods.ts';

/** Few names, so that random rules and random questions meet often. */
export const servers = ['a', 'ab', 'b'];
const serverPatterns = [...servers, 'a*', '*', 'all'];
const methodNames = [...methods.keys(), 'initialize', 'no/such'];
const methodPatterns = [...methodNames, '*', 'resources/*', 'tools/*'];
const names: Record<ObjectKind, string[]> = {
  tool: ['get', 'get_x', 'set', 'z'],
  prompt: ['get', 'greet', 'z'],
  resource: ['file:///d/a', 'file:///d/../a', 'x:y', 'z'],
};
const patterns = (kind: ObjectKind) => [...names[kind], kind === 'resource' ? 'file:///d/*' : 'get*', '*', 'all'];
const some = (values: readonly string[]) => fc.uniqueArray(fc.constantFrom(...values), { maxLength: 3 });

const rule = fc.record({
  server: fc.constantFrom(...serverPatterns),
  methods: some(methodPatterns),
  tools: some(patterns('tool')),
  prompts: some(patterns('prompt')),
  resources: some(patterns('resource')),
});

/** Random policies in the form of the file: scopes s and t, groups g (both) and h (one), and the UI permissions of g. */
export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    s: fc.array(rule, { maxLength: 4 }),
    t: fc.array(rule, { maxLength: 2 }),
    seen: some(serverPatterns),
  })
  .map(({ s, t, seen }) =>
    parsePolicy(
      stringify({ group_mappings: { g: ['s', 't'], h: ['t'] }, 'UI-Scopes': { s: { list_service: seen } }, s, t }),
    ),
  );

const objects = (['tool', 'prompt', 'resource'] as const).flatMap((kind) =>
  names[kind].map((name): { kind: ObjectKind; name: string } => ({ kind, name })),
);

/** Every question that these names allow, valid and invalid ones. */
export const questions: [server: string, access: Access][] = servers.flatMap((server) =>
  [...methodNames, ...lifecycle].flatMap((method) =>
    [undefined, ...objects].map((object): [string, Access] => [server, { method, ...(object && { object }) }]),
  ),
);
