import { kindOfResource, permitsOf } from '../../../../auth-server/oauth/consent/permits.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';

const policy = parsePolicy(`
UI-Scopes:
  admins: { list_service: [all] }
group_mappings:
  readers: [read]
  callers: [read, call]
  admins: [admins]
read:
  - { server: notes, methods: [tools/list] }
call:
  - { server: notes, methods: [tools/list, tools/call], tools: [get_note, list_*] }
  - { server: "team-*", methods: [all], tools: [all] }
  - { server: hub, methods: [tools/list] }
`);
const at = (groups: string[], path: string) =>
  permitsOf(policy, groups, kindOfResource('https://gw', `https://gw${path}`));

test('The tools of a server are those of the rules that let the person call', () => {
  expect(at(['callers'], '/notes/mcp')).toMatchObject({ server: 'notes', any: true, tools: ['get_note', 'list_*'] });
  expect(at(['callers'], '/team-a/mcp')).toMatchObject({ any: true, tools: ['*'] });
  expect(at(['readers'], '/notes/mcp')).toMatchObject({ any: true, tools: [], hasConditions: false });
});

test('A server of no rule gives nothing, whether it exists or not', () => {
  for (const server of ['other', 'unknown'])
    expect(at(['callers'], `/${server}/mcp`)).toEqual({
      kind: 'server',
      server,
      any: false,
      tools: [],
      hasConditions: false,
    });
  expect(at([], '/notes/mcp').any).toBe(false);
});

test('All servers want a rule for the hub, and the API any permission in the registry', () => {
  expect(at(['callers'], '/mcp')).toEqual({ kind: 'all', any: true, tools: [], hasConditions: false });
  expect(at(['readers'], '/mcp').any).toBe(false);
  expect(at(['admins'], '/api')).toEqual({ kind: 'api', any: true, tools: [], hasConditions: false });
  expect(at(['readers'], '/api').any).toBe(false);
});

test('Tools with a condition are named, and never as every tool', () => {
  const strict = parsePolicy(`
group_mappings: { users: [some], readers: [hint] }
some: [{ server: bank, methods: [tools/call], tools: [get, { name: pay, arguments: { amount: { max: 10 } } }] }]
hint: [{ server: bank, methods: [tools/call], tools: [{ hint: read-only }] }]
`);
  const resource = kindOfResource('https://gw', 'https://gw/bank/mcp');
  expect(permitsOf(strict, ['users'], resource)).toMatchObject({ tools: ['get', 'pay'], hasConditions: true });
  expect(permitsOf(strict, ['readers'], resource)).toMatchObject({ any: true, tools: [], hasConditions: true });
});
