import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { servicesAndStandIn } from '../../../common/settings/setting.ts';
import { settings, shapeFor } from '../../../common/settings/table.ts';

const service = z.looseObject({
  image: z.string(),
  build: z.unknown().optional(),
  pull_policy: z.string().optional(),
  depends_on: z.unknown().optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).default({}),
  ports: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  networks: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).default([]),
});
const text = readFileSync('docker-compose.yml', 'utf8');
const file = z
  .object({
    services: z.record(z.string(), service),
    networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
  })
  .parse(parse(text, { merge: true }));
const environmentOf = (name: string) => file.services[name]?.environment ?? {};

/** Ports, addresses and names that stay at their defaults because each container has its own. The stand-in sets its own. */
const fixedInside =
  /^(AUTH_SERVER|REGISTRY|RELAY|METRICS|REGISTRY_METRICS|RELAY_METRICS|CURRENTTIME|FININFO|REALSERVERFAKETOOLS|MCPGW|HUB|COGNITO)_PORT$|^AUTH_SERVER_SOCKET$|^OWN_PORTS$|^COGNITO_SEED_FILE$|^OTEL_SERVICE_NAME$|^NODE_ENV$/;

describe('docker-compose.yml', () => {
  test.each(servicesAndStandIn)('gives %s every setting that it reads, and no other', (name) => {
    const given = Object.keys(environmentOf(name)).filter((variable) => variable !== 'HEALTH_PORT');
    const read = Object.keys(shapeFor(name)).filter((variable) => !fixedInside.test(variable));
    expect(given.sort()).toEqual(read.sort());
  });

  test('contains no secret value, and passes each secret only to the services that read it', () => {
    for (const [name, { environment }] of Object.entries(file.services)) {
      for (const [variable, value] of Object.entries(environment)) {
        const setting = settings[variable as keyof typeof settings];
        if (setting && 'secret' in setting && setting.secret)
          expect({ name, variable, value }).toEqual({ name, variable, value: null });
      }
    }
    expect(Object.keys(environmentOf('nginx'))).not.toContain('SECRET_KEY');
  });

  test('builds each image once, and starts no service before its image is built', () => {
    const images = Object.entries(file.services).filter(([, { image }]) => image.startsWith('mcp-gateway-'));
    const builders = images.filter(([, { build }]) => build !== undefined);
    expect(builders.map(([name, { image }]) => [name, image])).toEqual([
      ['nginx', 'mcp-gateway-nginx'],
      ['policy', 'mcp-gateway-registry'],
      ['cognito', 'mcp-gateway-cognito'],
    ]);
    for (const [name, { build, pull_policy, depends_on, profiles }] of images) {
      if (build !== undefined) continue;
      // An image of the same name in a public registry is never pulled.
      expect({ name, pull_policy }).toEqual({ name, pull_policy: 'never' });
      if (!profiles.includes('tools')) expect({ name, depends_on }).toMatchObject({ depends_on: { policy: {} } });
    }
  });

  test('publishes the ports of nginx, and of the stand-in on loopback, and no others', () => {
    const published = Object.entries(file.services).filter(([, { ports }]) => ports.length > 0);
    expect(published.map(([name]) => name)).toEqual(['nginx', 'cognito']);
    expect(file.services.cognito?.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
    expect(file.services.cognito?.profiles).toEqual(['demo']);
  });

  test('puts the bundled servers on networks without outside access, the brokers apart, and none with the auth-server or the stand-in', () => {
    const networksOf = (name: string) => {
      const { networks } = file.services[name] ?? { networks: [] };
      return Array.isArray(networks) ? networks : Object.keys(networks);
    };
    for (const name of ['currenttime', 'realserverfaketools']) expect(networksOf(name)).toEqual(['servers']);
    for (const name of ['hub', 'mcpgw']) expect(networksOf(name)).toEqual(['brokers']);
    for (const name of ['auth-server', 'cognito'])
      expect(networksOf(name).filter((each) => ['servers', 'brokers'].includes(each))).toEqual([]);
    expect(['gate', 'servers', 'brokers', 'store'].filter((name) => !file.networks[name]?.internal)).toEqual([]);
  });

  test("opens nginx's address for brokers on their network only", () => {
    const host = String(environmentOf('nginx').INNER_HOST);
    const named = Object.values(file.services).flatMap(({ networks }) =>
      Object.entries(networks).filter(([, each]) => JSON.stringify(each ?? '').includes(`"${host}"`)),
    );
    expect(named).toEqual([['brokers', { aliases: expect.arrayContaining([host]) }]]);
    for (const name of ['hub', 'mcpgw']) expect(environmentOf(name).BROKER_GATE_URL).toBe(`http://${host}:8082`);
  });

  test('shows the CA certificates of UPSTREAM_CA_FILE to all that connect to MCP servers, at the same path', () => {
    const readers = Object.entries(file.services).filter(([, { environment }]) =>
      Object.keys(environment ?? {}).includes('UPSTREAM_CA_FILE'),
    );
    expect(readers.map(([name]) => name)).toEqual(expect.arrayContaining(['nginx', 'registry', 'relay']));
    for (const [name, { volumes }] of readers)
      expect([name, volumes]).toEqual([name, expect.arrayContaining(['./tls/ca:/etc/gateway/ca:ro'])]);
  });

  test('shares the file of calls between nginx, which writes it, and the auth-servers, which only read it', () => {
    const sharing = Object.entries(file.services).flatMap(([name, { volumes, environment }]) =>
      z
        .array(z.string())
        .default([])
        .parse(volumes)
        .filter((volume) => volume.startsWith('calls:'))
        .map((volume) => `${name} ${volume} ${environment.CALLS_FILE}`),
    );
    expect(sharing.sort()).toEqual([
      'auth-server calls:/calls:ro /calls/calls.log',
      'auth-server-2 calls:/calls:ro /calls/calls.log',
      'nginx calls:/calls /calls/calls.log',
    ]);
  });

  test('takes the stdio server of docs/stdio.md: its networks exist, and each package has its version', () => {
    const [, example = ''] = /```yaml\n(services:\n[\s\S]*?)```/.exec(readFileSync('docs/stdio.md', 'utf8')) ?? [];
    const { services } = z.object({ services: z.record(z.string(), service) }).parse(parse(example));
    const [memory] = Object.values(services);
    expect(Object.keys(file.networks)).toEqual(expect.arrayContaining(Object.values(memory?.networks ?? {})));
    expect(memory?.networks).toContain('servers');
    const packages = [...String(memory?.command).matchAll(/npx -y (\S+)/g)].map(([, name]) => name?.replace(/"$/, ''));
    expect(packages).toHaveLength(2);
    for (const name of packages) expect(name).toMatch(/^@?[\w/-]+@\d+\.\d+\.\d+$/);
  });

  test('reads no setting that docs/configuration.md does not name', () => {
    const used = [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => String(name));
    expect(used.length).toBeGreaterThan(3);
    expect(used.filter((name) => !(name in settings))).toEqual([]);
  });
});
