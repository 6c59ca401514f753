/**
 * A policy with three groups. mcp-registry-admin and security may edit it; users may call one tool.
 * @param tools what users may call at currenttime
 * @param more lines for the end
 */
export function editablePolicy(tools = 'get_time', more = ''): string {
  return `# Who may do what.
group_mappings:
  mcp-registry-admin: [admins]
  security: [guards]
  users: [users]
UI-Scopes:
  admins: { edit_policy: [all], list_service: [all] }
  guards: { edit_policy: [all] }
users:
  - { server: currenttime, methods: [tools/call], tools: [${tools}] }
admins:
  - { server: currenttime, methods: [tools/call], tools: [get_time] }
${more}`;
}

/** People by their groups. */
export const ada = { sub: 'ada00000', username: 'ada', groups: ['mcp-registry-admin', 'cooks'] };
export const eve = { sub: 'eve00000', username: 'eve', groups: ['mcp-registry-admin'] };
export const grace = { sub: 'grace000', username: 'grace', groups: ['security'] };
export const bob = { sub: 'bob00000', username: 'bob', groups: ['users'] };
