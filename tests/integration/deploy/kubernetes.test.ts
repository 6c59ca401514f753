import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Program } from '../../../common/settings/setting.ts';
import { type SettingName, settings, shapeFor } from '../../../common/settings/table.ts';
import { parseServers } from '../../../registry/store/servers-file.ts';
import {
  all,
  base,
  budgets,
  type Container,
  component,
  containersOf,
  type Deployment,
  deployments,
  documentsOf,
  filesIn,
  folder,
  kustomizationIn,
  labelsOf,
  named,
  production,
  productionFolder,
  selected,
  selects,
  services,
} from './manifests.ts';

const docs = readFileSync('docs/kubernetes.md', 'utf8');

/** The program that a container of the gateway runs, by its argument. */
const programs: Readonly<Record<string, Program>> = {
  'container/auth-server/main.ts': 'auth-server',
  'container/registry/main.ts': 'registry',
  'relay/main.ts': 'relay',
  'servers/currenttime/main.ts': 'currenttime',
  'servers/mcpgw/main.ts': 'mcpgw',
  'servers/hub/main.ts': 'hub',
};
const containers = deployments.flatMap((deployment) =>
  containersOf(deployment).map((container) => ({ deployment, container, name: container.name })),
);
const nodeContainers = containers.filter(({ name }) => name !== 'nginx');
const programOf = ({ args }: Container): Program => {
  const program = programs[args[0] ?? ''];
  if (!program) throw new Error(`unknown program ${args[0]}`);
  return program;
};

describe('The files', () => {
  test.each([join(folder, 'base'), join(folder, 'tool-changes'), productionFolder])(
    'of %s are exactly those in its kustomization.yaml',
    (path) => {
      const { resources, patches, configMapGenerator } = kustomizationIn(path);
      const used = [
        ...resources.filter((each) => !each.startsWith('..')),
        ...patches.map(({ path }) => path),
        ...configMapGenerator.flatMap(({ files }) => files),
      ];
      expect(used.sort()).toEqual(filesIn(path).sort());
    },
  );

  test('define each resource once', () => {
    const names = all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining([
        'Deployment auth-server',
        'Deployment gate',
        'Deployment currenttime',
        'Deployment mcpgw',
        'Deployment hub',
      ]),
    );
  });

  // This file reads the manifests with its own schemas. kustomize must accept them too.
  const kubectl = (() => {
    try {
      return execFileSync('kubectl', ['version', '--client'], { stdio: 'pipe' }).length > 0;
    } catch {
      return false;
    }
  })();
  (kubectl ? test : test.skip)('are accepted by kubectl kustomize (skipped without kubectl)', () => {
    const built = execFileSync('kubectl', ['kustomize', productionFolder], { encoding: 'utf8' });
    for (const { newName, newTag } of production.images) expect(built).toContain(`image: ${newName}:${newTag}`);
    expect(built).not.toMatch(/image: mcp-gateway-/);
    const namespaces = [...built.matchAll(/^ {2}namespace: (.*)$/gm)].map(([, name]) => name);
    expect([...new Set(namespaces)]).toEqual(['mcp-gateway']);
    expect(built).toMatch(/name: settings-[a-z0-9]{10}/);
  });
});

describe('Names, selectors and ports', () => {
  test.each(deployments)('the pods of $metadata.name have the labels of their selector', (deployment) => {
    expect(selects(deployment.spec.selector, labelsOf(deployment))).toBe(true);
    for (const { labelSelector } of deployment.spec.template.spec.topologySpreadConstraints ?? [])
      expect(selects(labelSelector, labelsOf(deployment))).toBe(true);
  });

  test.each(services)('the service $metadata.name selects one deployment, whose pods have its ports', ({ spec }) => {
    const behind = selected({ matchLabels: spec.selector });
    expect(behind).toHaveLength(1);
    const ports = behind.flatMap(containersOf).flatMap((each) => each.ports);
    for (const { targetPort, port } of spec.ports) {
      const found = ports.find(({ name }) => name === targetPort);
      expect(found).toBeDefined();
      // Only clients from outside the cluster use another port than the container's.
      if (spec.type !== 'LoadBalancer') expect(found?.containerPort).toBe(port);
    }
  });

  test.each(deployments)('the pods of $metadata.name have unique ports and port names', (deployment) => {
    const ports = containersOf(deployment).flatMap((each) => each.ports);
    expect(new Set(ports.map(({ name }) => name)).size).toBe(ports.length);
    expect(new Set(ports.map(({ containerPort }) => containerPort)).size).toBe(ports.length);
  });

  test.each(nodeContainers)('$name listens on the configured ports', ({ container }) => {
    const shape = shapeFor(programOf(container)) as Record<string, { parse(value: unknown): unknown }>;
    const own = Object.keys(shape).filter((name) => /_PORT$/.test(name) || name === 'METRICS_PORT');
    const ports = own.map((name) => shape[name]?.parse(undefined)).sort();
    expect(container.ports.map(({ containerPort }) => containerPort).sort()).toEqual(ports);
    const env = new Map(container.env.map(({ name, value }) => [name, value]));
    // On loopback, the default, it would be unreachable.
    for (const host of own.map((name) => name.replace(/PORT$/, 'HOST'))) expect(env.get(host)).toBe('0.0.0.0');
  });

  test('nginx listens on the ports of its image', () => {
    const start = readFileSync('nginx/start', 'utf8');
    const nginx = containers.find(({ name }) => name === 'nginx');
    const ports = nginx?.container.ports.map(({ containerPort }) => containerPort) ?? [];
    expect(ports).toEqual([8080, 8443, 8082]);
    expect(start).toContain(`LISTEN=${ports[0]} `);
    expect(start).toContain(`LISTEN_TLS=${ports[1]}`);
    expect(start).toContain(`LISTEN_INNER=${ports[2]}\n`);
  });

  test('every address of a part of the gateway exists', () => {
    const own = containers.flatMap(({ container }) => container.env.map(({ value }) => value ?? ''));
    const servers = parseServers(readFileSync(`${folder}/base/servers.yml`, 'utf8')).map(({ upstream }) => upstream);
    const addresses = [...own, ...servers].flatMap((value) => [...value.matchAll(/(?:http:\/\/)?([a-z-]+):(\d+)/g)]);
    expect(addresses.length).toBeGreaterThan(6);
    for (const [, host, port] of addresses) {
      const service = services.find(({ metadata }) => metadata.name === host);
      expect({ host, ports: service?.spec.ports.map((each) => String(each.port)) }).toEqual({ host, ports: [port] });
    }
    const hosts = containers.flatMap(({ container }) => container.env.filter(({ name }) => name === 'OWN_HOSTS'));
    const parts = services.filter(({ spec }) => !selected({ matchLabels: spec.selector }).some(isMcpServer));
    for (const { value } of hosts)
      expect(value?.split(',').sort()).toEqual(parts.map(({ metadata }) => metadata.name).sort());
    expect(hosts.length).toBeGreaterThan(0);
  });
});

/** How the page mentions a key of a secret: in the command that creates it, or at all if it is optional. */
const mentionOf = ({ name, key, optional }: { name: string; key: string; optional?: boolean | undefined }) =>
  new RegExp(optional ? key : `create secret generic ${name} (?:[^\\n]*\\\\\\n)*[^\\n]*--from-literal=${key}=`);

const isMcpServer = (deployment: Deployment) => labelsOf(deployment)['app.kubernetes.io/component'] === 'mcp-server';

describe('Settings', () => {
  test.each(nodeContainers)('$name gets only settings that it reads, with valid values', ({ container }) => {
    const shape = shapeFor(programOf(container)) as Record<string, { safeParse(value: unknown): { success: boolean } }>;
    for (const { name, value, valueFrom } of container.env) {
      expect(Object.keys(shape)).toContain(name);
      const setting = settings[name as SettingName];
      const isSecret = 'secret' in setting && setting.secret === true;
      expect({ name, isSecret }).toEqual({ name, isSecret: valueFrom !== undefined });
      if (value !== undefined) expect({ name, ok: shape[name]?.safeParse(value).success }).toEqual({ name, ok: true });
    }
  });

  test('nginx gets only settings that its scripts read, and no secret', () => {
    const scripts = ['start', 'render', 'reload'].map((file) => readFileSync(`nginx/${file}`, 'utf8')).join('\n');
    const nginx = containers.find(({ name }) => name === 'nginx')?.container;
    for (const { name, value } of nginx?.env ?? []) {
      expect(scripts).toContain(`${name}=\${${name}:-`);
      expect(value).toBeDefined();
    }
  });

  test('the settings of each gateway exist, and none of them is secret', () => {
    const literals = [...production.configMapGenerator, ...component.configMapGenerator].flatMap(
      (each) => each.literals,
    );
    expect(literals.length).toBeGreaterThan(5);
    for (const literal of literals) {
      const name = literal.slice(0, literal.indexOf('='));
      expect(Object.keys(settings)).toContain(name);
      const setting = settings[name as SettingName];
      expect('secret' in setting && setting.secret === true).toBe(false);
    }
  });

  test('each service that reads REGISTRY_URL gets the settings of the gateway', () => {
    const readers = nodeContainers.filter(({ container }) => 'REGISTRY_URL' in shapeFor(programOf(container)));
    expect(readers.length).toBeGreaterThan(4);
    for (const { name, container } of readers)
      expect([name, container.envFrom]).toEqual([name, [{ configMapRef: { name: 'settings' } }]]);
  });

  test('a setting of each gateway is not fixed in any container', () => {
    const own = production.configMapGenerator.flatMap(({ literals }) => literals.map((each) => each.split('=')[0]));
    const fixed = containers.flatMap(({ container }) => container.env.map(({ name }) => name));
    expect(own.filter((name) => fixed.includes(name ?? ''))).toEqual([]);
  });

  test('placeholders make the start fail instead of being used', () => {
    const pool = production.configMapGenerator.flatMap((each) => each.literals).find((each) => /POOL_ID/.test(each));
    expect(pool).toBe('COGNITO_USER_POOL_ID=us-east-1_XXXXXXXXX');
  });

  test('every ConfigMap and Secret is created here, or by a command of docs/kubernetes.md', () => {
    const made = [base, production].flatMap(({ configMapGenerator }) => configMapGenerator.map(({ name }) => name));
    const pods = deployments.map(({ spec }) => spec.template.spec);
    const maps = [
      ...pods.flatMap(({ volumes }) => volumes.flatMap(({ configMap }) => configMap?.name ?? [])),
      ...containers.flatMap(({ container }) => container.envFrom.map(({ configMapRef }) => configMapRef.name)),
    ];
    for (const name of new Set(maps)) {
      if (!made.includes(name)) expect(docs).toContain(`create configmap ${name} `);
    }
    for (const { container } of containers)
      for (const { valueFrom } of container.env) {
        if (!valueFrom) continue;
        expect(docs).toMatch(mentionOf(valueFrom.secretKeyRef));
      }
    expect(pods.flatMap(({ volumes }) => volumes.flatMap(({ secret }) => secret?.secretName ?? []))).toEqual([
      'gateway-tls',
    ]);
    expect(docs).toContain('create secret tls gateway-tls ');
  });

  test('the policy is mounted as a folder, so that a pod sees changes', () => {
    const readers = nodeContainers.filter(({ container }) =>
      Object.keys(shapeFor(programOf(container))).includes('SCOPES_FILE'),
    );
    expect(readers.map(({ name }) => name).sort()).toEqual(['auth-server', 'registry', 'relay']);
    for (const { deployment, container } of readers) {
      const mount = container.volumeMounts.find(({ mountPath }) => mountPath === '/config');
      const volume = deployment.spec.template.spec.volumes.find(({ name }) => name === mount?.name);
      expect(volume?.configMap?.name).toBe('scopes');
    }
  });
});

describe('Containers', () => {
  const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
    services: Record<string, { image?: string; read_only?: boolean; cap_drop?: string[] }>;
  };

  test.each(containers)('$name runs an image that the compose file builds', ({ container }) => {
    const images = Object.values(compose.services).map(({ image }) => image);
    expect(images).toContain(container.image);
    expect(production.images.map(({ name }) => name)).toContain(container.image);
  });

  test.each(nodeContainers)('$name starts a file of the image', ({ container }) => {
    const [file = ''] = container.args;
    expect(existsSync(file)).toBe(true);
    expect(readFileSync('Dockerfile', 'utf8')).toContain(`COPY ${file.split('/')[0]} ${file.split('/')[0]}`);
    expect(Object.keys(programs)).toContain(file);
  });

  test.each(containers)(
    '$name has no root, no capabilities, no privilege escalation, and a read-only file system',
    (each) => {
      const pod = each.deployment.spec.template.spec.securityContext;
      const own = { ...pod, ...each.container.securityContext };
      expect(own).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const dockerfile = readFileSync(each.name === 'nginx' ? 'nginx/Dockerfile' : 'Dockerfile', 'utf8');
      expect(dockerfile).toContain(`\nUSER ${own.runAsUser}:${own.runAsGroup}\n`);
      expect(compose.services.nginx).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    },
  );

  test.each(containers)('$name mounts existing volumes, and has a folder for temporary files', (each) => {
    const volumes = each.deployment.spec.template.spec.volumes.map(({ name }) => name);
    for (const { name } of each.container.volumeMounts) expect(volumes).toContain(name);
    const temporary = each.container.volumeMounts.find(({ mountPath }) => mountPath === '/tmp');
    expect(temporary).toBeDefined();
    // A separate one: other containers cannot read it.
    const others = containersOf(each.deployment).filter(({ name }) => name !== each.name);
    expect(others.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name))).not.toContain(temporary?.name);
  });

  test('registry and relay are sidecars of nginx: they start before it and stop after it', () => {
    const { initContainers, containers: main } = named('gate').spec.template.spec;
    expect(initContainers.map(({ name, restartPolicy }) => [name, restartPolicy])).toEqual([
      ['registry', 'Always'],
      ['relay', 'Always'],
    ]);
    expect(initContainers.map(({ startupProbe }) => startupProbe)).toEqual([
      expect.objectContaining({ httpGet: { path: '/health/ready', port: 'registry' } }),
      expect.objectContaining({ httpGet: { path: '/health/ready', port: 'relay' } }),
    ]);
    // Readiness probes would make nginx unavailable to all clients during a database outage.
    expect(initContainers.map(({ readinessProbe }) => readinessProbe)).toEqual([undefined, undefined]);
    expect(main.map(({ name }) => name)).toEqual(['nginx']);
  });

  test('no container is killed before it has had time to stop', () => {
    const lead = Number(
      containersOf(named('auth-server'))[0]?.env.find(({ name }) => name === 'AUTH_SERVER_STOP_LEAD_SECONDS')?.value,
    );
    // The cluster's DNS remembers for up to 30 seconds; nginx looks once a second.
    expect(lead).toBeGreaterThanOrEqual(35);
    // And five for requests in progress.
    expect(named('auth-server').spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(lead + 5);
    const gate = named('gate').spec.template.spec;
    const [command, seconds] = gate.containers[0]?.lifecycle?.preStop.exec.command ?? [];
    expect(command).toBe('sleep');
    expect(gate.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(seconds) + 10);
    expect(Number(seconds)).toBeGreaterThanOrEqual(10);
  });

  test.each(budgets)('one pod of $metadata.name may be evicted at a time', ({ spec }) => {
    const [deployment] = selected(spec.selector);
    expect(spec.maxUnavailable).toBe(1);
    expect(deployment?.spec.replicas).toBeGreaterThan(1);
    expect(deployment?.spec.strategy?.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(production.replicas.find(({ name }) => name === deployment?.metadata.name)?.count).toBeGreaterThan(1);
  });
});

describe('Probes', () => {
  const probes = containers.flatMap(({ name, container }) =>
    [container.startupProbe, container.livenessProbe, container.readinessProbe].flatMap((probe) =>
      probe ? [{ name, container, probe }] : [],
    ),
  );

  test('use paths that every service answers (see tests/integration/deploy/probes.test.ts), on a port of the container', () => {
    const asked = probes.flatMap(({ container, probe }) =>
      'httpGet' in probe ? [{ container, ...probe.httpGet }] : [],
    );
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(['/health/live', '/health/ready']));
    for (const { container, port } of asked) {
      const found = container.ports.find(({ name }) => name === port);
      // Not the metrics port, which answers 404.
      expect(found?.containerPort).toBe(container.ports[0]?.containerPort);
    }
  });

  test('check liveness of the process only: a database outage restarts nothing', () => {
    for (const { container } of nodeContainers) {
      expect(container.livenessProbe).toMatchObject({ httpGet: { path: '/health/live' } });
    }
  });

  test("use the path of the image's health check for nginx", () => {
    const asked = probes.flatMap(({ probe }) => ('exec' in probe ? [probe.exec.command] : []));
    expect(asked).toHaveLength(3);
    const image = readFileSync('nginx/Dockerfile', 'utf8');
    for (const command of asked) expect(image).toContain(`CMD ${JSON.stringify(command).replaceAll(',', ', ')}`);
  });
});

test('With TOOL_CHANGES=refuse, the registry beside the auth-server equals the one beside nginx', () => {
  const [patch] = documentsOf(join(folder, 'tool-changes', 'auth-server.yaml')) as [
    { spec: { template: { spec: { initContainers: Record<string, unknown>[]; volumes: { name: string }[] } } } },
  ];
  const { initContainers, volumes } = patch.spec.template.spec;
  const beside = containersOf(named('gate'))[0];
  const [own] = initContainers;
  const others = new Set(['AUTH_SERVER_INTERNAL_URL', 'POLICY_EDITABLE']);
  const without = (env: unknown) => (env as { name: string }[]).filter(({ name }) => !others.has(name));
  // The auth-server starts after it, on their shared loopback: for the policy of the auth-server it would wait forever.
  expect(own?.env).toContainEqual({ name: 'POLICY_EDITABLE', value: 'false' });
  expect(without(own?.env)).toEqual(without(beside?.env));
  for (const field of [
    'image',
    'args',
    'ports',
    'startupProbe',
    'livenessProbe',
    'resources',
    'restartPolicy',
    'volumeMounts',
  ] as const)
    expect(own?.[field]).toEqual(beside?.[field]);
  expect(own?.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(volumes.map(({ name }) => name)).toEqual(['servers', 'routes', 'tmp-registry']);
});
