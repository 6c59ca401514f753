import { readFileSync } from 'node:fs';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { scopesOfGroups } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';

const policy = parsePolicy(readFileSync('scopes.yml', 'utf8'));

describe('the permissions in the registry', () => {
  test.each<[string, UiPermission, string, boolean]>([
    ['mcp-registry-admin', 'modify_service', 'anything', true],
    ['mcp-registry-admin', 'register_service', 'anything', true],
    ['mcp-registry-operator', 'toggle_service', 'anything', true],
    ['mcp-registry-operator', 'register_service', 'anything', false],
    ['mcp-registry-operator', 'modify_service', 'anything', false],
    ['mcp-registry-developer', 'register_service', 'anything', true],
    ['mcp-registry-developer', 'toggle_service', 'anything', false],
    ['mcp-registry-user', 'list_service', 'currenttime', true],
    ['mcp-registry-user', 'list_service', 'currenttime2', false],
    ['mcp-registry-user', 'list_service', 'registered-yesterday', false],
    ['mcp-registry-user', 'health_check_service', 'mcpgw', true],
    ['mcp-registry-user', 'health_check_service', 'currenttime', false],
    ['mcp-registry-user', 'toggle_service', 'currenttime', false],
    ['unknown-group', 'list_service', 'currenttime', false],
  ])('of a member of %s for %s on %s: %s', (group, permission, server, expected) => {
    expect(mayUseUi(policy, scopesOfGroups(policy, [group]), permission, server)).toBe(expected);
  });

  test('without any scope allow nothing', () => {
    expect(mayUseUi(policy, [], 'list_service', 'currenttime')).toBe(false);
  });
});
