import { readFileSync } from 'node:fs';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { scopesOfGroups } from '../../../policy/policy.ts';
import { mayUseUi, mayUseUiEverywhere, mayUseUiSomewhere, type UiPermission } from '../../../policy/ui.ts';

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

describe('a permission for some servers only', () => {
  test.each<[string, readonly string[], UiPermission, boolean, boolean]>([
    ['an administrator', ['mcp-registry-admin'], 'modify_service', true, true],
    ['a user who may list some servers', ['mcp-registry-user'], 'list_service', true, false],
    [
      'a user who may list some servers and an administrator',
      ['mcp-registry-user', 'mcp-registry-admin'],
      'list_service',
      true,
      true,
    ],
    ['a user without the permission', ['mcp-registry-user'], 'toggle_service', false, false],
    ['a member of an unknown group', ['unknown-group'], 'list_service', false, false],
    ['a person without a group', [], 'list_service', false, false],
  ])('of %s holds somewhere, or everywhere', (_who, groups, permission, somewhere, everywhere) => {
    const scopes = groups.flatMap((group) => scopesOfGroups(policy, [group]));
    // A scope without UI-Scopes changes nothing.
    for (const held of [scopes, [...scopes, 'openid'], ['openid', ...scopes]]) {
      expect(mayUseUiSomewhere(policy, held, permission)).toBe(somewhere);
      expect(mayUseUiEverywhere(policy, held, permission)).toBe(everywhere);
    }
  });

  test('holds nowhere if its list is empty', () => {
    const empty = parsePolicy('group_mappings: {}\nUI-Scopes: {s: {list_service: []}}\n');
    expect(mayUseUiSomewhere(empty, ['s'], 'list_service')).toBe(false);
    expect(mayUseUiEverywhere(empty, ['s'], 'list_service')).toBe(false);
  });
});
