import { readOnlyHint, readOnlyTools } from '../../../../registry/pins/read-only.ts';
import type { ToolInfo } from '../../../../registry/servers/tool.ts';
import type { DefinitionHashes, ServerDefinitions } from '../../../../registry/store/definitions.ts';

const cases: [string, object | null, boolean, boolean][] = [
  ['its approved definition says so', { readOnlyHint: true }, false, true],
  ['it says so, and that it destroys', { readOnlyHint: true, destructiveHint: true }, false, false],
  ['it says nothing', null, false, false],
  ['it says no', { readOnlyHint: false }, false, false],
  ['it says so in another way', { readOnlyHint: 'true' }, false, false],
  ['another definition waits for approval', { readOnlyHint: true }, true, false],
];

test.each(cases)('a tool only reads, or does not: %s', (_what, annotations, isPending, expected) => {
  const kept = new Map([['t', { name: 't', hash: 'a', parts: { annotations } }]]);
  const pending = isPending ? kept : new Map();
  const definitions = { approved: kept, pending } as unknown as ServerDefinitions;
  expect(readOnlyTools(definitions)).toEqual(expected ? ['t'] : []);
  const hashes = new Map([
    ['s', { approved: new Map([['t', 'a']]), pending, rejected: new Set(), readOnly: new Set() }],
  ]) as DefinitionHashes;
  const isReadOnly = readOnlyHint(() => hashes);
  expect(isReadOnly('s', { name: 't', annotations } as ToolInfo)).toBe(expected);
  expect(isReadOnly('other', { name: 't', annotations } as ToolInfo)).toBe(false);
});
