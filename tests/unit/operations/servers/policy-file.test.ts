import { NotChangeable, renameInPolicy } from '../../../../operations/servers/policy-file.ts';

const renaming = { from: 'mcp', to: 'my-mcp' };
const text = `# Who may use mcp?
group_mappings:
  mcp: [mcp]   # a group and a scope of that name stay

UI-Scopes:
  mcp:
    list_service: [ mcp,   "mcp", other ]  # mcp is listed
    register_service: mcp
mcp:
- server: mcp      # the server
  methods:   [tools/call]
  tools: [mcp]
-   {server: 'mcp', methods: [ping]}
- server: "m*"
  methods: ["*"]
- server: my-*
  methods: ["*"]
- server: my-mcp
  methods: ["*"]
`;

test('Each rule and permission that names the server gets the new name; comments, patterns and everything else stay', () => {
  const { text: after, lines, patterns, already } = renameInPolicy(text, renaming);
  expect(after).toBe(
    text
      .replace('[ mcp,   "mcp", other ]', '[ my-mcp,   "my-mcp", other ]')
      .replace('register_service: mcp', 'register_service: my-mcp')
      .replace('server: mcp ', 'server: my-mcp ')
      .replace("server: 'mcp'", "server: 'my-mcp'"),
  );
  expect(lines).toEqual([
    {
      line: 7,
      before: 'list_service: [ mcp,   "mcp", other ]  # mcp is listed',
      after: 'list_service: [ my-mcp,   "my-mcp", other ]  # mcp is listed',
    },
    { line: 8, before: 'register_service: mcp', after: 'register_service: my-mcp' },
    { line: 10, before: '- server: mcp      # the server', after: '- server: my-mcp      # the server' },
    { line: 13, before: "-   {server: 'mcp', methods: [ping]}", after: "-   {server: 'my-mcp', methods: [ping]}" },
  ]);
  expect(patterns).toEqual([{ at: 'mcp[3]', pattern: 'my-*', covers: 'my-mcp' }]);
  expect(already).toEqual(['mcp[4]']);
});

test('A limit for the server is renamed with it, and no argument of that name', () => {
  const limited = `limits:
- {server: mcp, calls: 1, per: day}
- {server: my-mcp, calls: 2, per: day}
s:
- {server: mcp, methods: [tools/call], tools: [{name: mcp, arguments: {server: [mcp]}, until: 2026-12-28T17:00:00Z}]}
`;
  const { text: after, already } = renameInPolicy(limited, renaming);
  expect(after).toBe(limited.replaceAll('{server: mcp,', '{server: my-mcp,'));
  expect(already).toEqual(['limits[1]']);
});

test('A second renaming finds nothing to change', () => {
  const once = renameInPolicy(text, renaming).text;
  expect(renameInPolicy(once, renaming)).toMatchObject({ text: once, lines: [] });
});

test.each(['123', '1e3', 'true', 'null', '0x1f', '2026-01-01'])('The new name %s stays a text', (to) => {
  const { text: after } = renameInPolicy('s:\n- {server: mcp, methods: [ping]}\n', { from: 'mcp', to });
  expect(renameInPolicy(after, { from: to, to: 'mcp' }).lines).toHaveLength(1);
});

test('An alias (*name) for the server is renamed where it stands for', () => {
  const aliased = 's:\n- {server: &it mcp, methods: [ping]}\n- {server: *it, methods: [tools/list]}\n';
  expect(renameInPolicy(aliased, renaming).text).toBe(aliased.replace('mcp', 'my-mcp'));
});

test('An alias that stands for something else too is not touched', () => {
  const aliased = 's:\n- {server: &it mcp, methods: [tools/call], tools: [*it]}\n';
  expect(() => renameInPolicy(aliased, renaming)).toThrow(NotChangeable);
  expect(() => renameInPolicy(aliased, renaming)).toThrow(/^its lines 2 stand for more/);
});
