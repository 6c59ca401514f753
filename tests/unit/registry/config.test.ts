import { readConfig } from '../../../common/settings/config.ts';
import { ConfigError } from '../../../common/text/config-error.ts';
import { registryConfig } from '../../../registry/config.ts';

test('Without variables the registry is configured for one machine', () => {
  const config = readConfig(registryConfig, {});
  expect(config).toMatchObject({ host: '127.0.0.1', port: 7860, publicUrl: 'http://localhost:8080' });
  expect(config.jwksUrl.href).toBe('http://127.0.0.1:8888/.well-known/jwks.json');
  expect(config.policy.path).toMatch(/\/scopes\.yml$/);
  expect(config.serversFile).toMatch(/\/registry\/servers\.yml$/);
  expect(config.database).toBe('data/registry.db');
  expect(config.routesDir).toMatch(/\/data\/nginx$/);
  expect([...config.ownPorts]).toEqual([8080, 8081, 8888, 7860, 7870, 8004, 9464, 9465, 9466, 9500]);
  expect(config.allowPrivate).toHaveLength(6);
});

test("Variables change the configuration, and the registry's own ports are own ports", () => {
  const config = readConfig(registryConfig, {
    REGISTRY_PORT: '17860',
    REGISTRY_URL: 'https://mcp.example.com/',
    ALLOW_PRIVATE_UPSTREAMS: '10.0.0.0/8, fd00::/8',
    OWN_PORTS: '80,443',
    DATABASE_URL: 'postgres://u:p@db/registry',
  });
  expect(config.database).toBe('postgres://u:p@db/registry');
  expect(config).toMatchObject({ port: 17860, publicUrl: 'https://mcp.example.com' });
  expect([...config.ownPorts]).toEqual([80, 443, 17860, 9465]);
  expect(config.allowPrivate).toEqual([
    { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
    { address: 'fd00::', prefix: 8, family: 'ipv6' },
  ]);
});

test.each([
  ['REGISTRY_PORT', '0'],
  ['REGISTRY_PORT', 'http'],
  ['REGISTRY_URL', 'localhost:8080'],
  ['REGISTRY_URL', 'http://localhost:8080/registry'],
  ['AUTH_SERVER_INTERNAL_URL', 'ftp://x'],
  ['ALLOW_PRIVATE_UPSTREAMS', '10.0.0.0'],
  ['OWN_PORTS', '8080,x'],
  ['OWN_PORTS', '70000'],
])("%s=%s is rejected with the variable's name", (name, value) => {
  expect(() => readConfig(registryConfig, { [name]: value })).toThrow(ConfigError);
  expect(() => readConfig(registryConfig, { [name]: value })).toThrow(name);
});
