import {
  chart,
  containersOf,
  find,
  helm,
  kubeconform,
  type Resource,
  releases,
  resourcesOf,
  template,
  valuesFrom,
} from './support/tools.ts';

const examples = (name: string) => [`${chart}/examples/${name}.yaml`];
const rendered = new Map<string, string>();
const resourcesFor = (name: string) => resourcesOf(rendered.get(name) ?? '');
const policiesOf = (resources: readonly Resource[]) =>
  resources.filter(({ kind }) => kind === 'NetworkPolicy').map(({ metadata }) => metadata.name);

describe.each(['small', 'company', 'large'])('For the %s customer', (name) => {
  beforeAll(async () => {
    const { code, out, errors } = await template(examples(name));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    rendered.set(name, out);
  });

  test('helm lint finds nothing', async () => {
    const { code, out, errors } = await helm('lint', '--strict', chart, ...valuesFrom(examples(name)));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(out).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(out).not.toContain('[WARNING]');
  });

  test.each(releases)('Kubernetes %s knows every field', async (release) => {
    const { out } = await kubeconform(release, rendered.get(name) ?? '');
    expect(out).toMatch(
      /^Summary: \d+ resources found parsing stdin - Valid: \d+, Invalid: 0, Errors: 0, Skipped: 0\n$/,
    );
  });

  test('each resource is there once, with the labels of the release', () => {
    const resources = resourcesFor(name);
    const names = resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { metadata } of resources)
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/part-of': 'mcp-gateway',
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/instance': 'gateway',
      });
  });

  test('no secret is among the manifests, and every pod runs without root on a read-only file system', () => {
    const resources = resourcesFor(name);
    expect(resources.map(({ kind }) => kind)).not.toContain('Secret');
    const deployments = resources.filter(({ kind }) => kind === 'Deployment');
    expect(deployments.length).toBeGreaterThan(3);
    for (const deployment of deployments) {
      expect(deployment.spec.template.spec.securityContext.runAsNonRoot).toBe(true);
      for (const { securityContext } of Object.values(containersOf(deployment)))
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });
});

test('A small team gets one of each pod, a load balancer with the certificate at the gate, and the database in one namespace', () => {
  const resources = resourcesFor('small');
  for (const name of ['gate', 'auth-server']) expect(find(resources, 'Deployment', name).spec.replicas).toBe(1);
  const { type, ports } = find(resources, 'Service', 'gateway').spec;
  expect([type, ports.map((each: Resource) => each.port)]).toEqual(['LoadBalancer', [80, 443]]);
  expect(find(resources, 'ConfigMap', 'settings').data.TLS).toBe('on');
  expect(find(resources, 'NetworkPolicy', 'database').spec.egress).toEqual([
    {
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'postgres' } } }],
      ports: [{ port: 5432 }],
    },
  ]);
  const kinds = new Set(resources.map(({ kind }) => kind));
  for (const kind of ['Ingress', 'HTTPRoute', 'HorizontalPodAutoscaler', 'PodMonitor'])
    expect(kinds).not.toContain(kind);
});

test('A company gets an Ingress for its host, its own secrets and files, and ways to its database, proxy and servers', () => {
  const resources = resourcesFor('company');
  const { spec, metadata } = find(resources, 'Ingress', 'gateway');
  expect(spec).toMatchObject({
    ingressClassName: 'nginx',
    tls: [{ hosts: ['mcp.example.com'], secretName: 'mcp-example-com' }],
    rules: [{ host: 'mcp.example.com' }],
  });
  expect(metadata.annotations['nginx.ingress.kubernetes.io/proxy-buffering']).toBe('off');
  const service = find(resources, 'Service', 'gateway').spec;
  expect(service.type).toBe('ClusterIP');
  expect(service.externalTrafficPolicy).toBeUndefined();
  expect(service.ports.map((each: Resource) => each.name)).toEqual(['http']);
  expect(find(resources, 'ConfigMap', 'settings').data).toMatchObject({
    CONNECTIONS_PER_ADDRESS: '20000',
    SESSION_HOURS: '10',
  });

  const authServer = find(resources, 'Deployment', 'auth-server');
  const { 'auth-server': own } = containersOf(authServer);
  for (const { valueFrom } of own?.env.filter((each: Resource) => each.valueFrom) ?? [])
    expect(valueFrom.secretKeyRef.name).toBe('mcp-gateway');
  const { nginx, registry, relay } = containersOf(find(resources, 'Deployment', 'gate'));
  const filesIn = (container?: Resource) =>
    container?.volumeMounts.filter((each: Resource) => each.name === 'files').map((each: Resource) => each.mountPath);
  expect([own, registry, relay].map(filesIn)).toEqual([['/files'], ['/files'], ['/files']]);
  // The certificates, not the secrets beside them.
  expect(filesIn(nginx)).toEqual(['/files/ca.pem']);
  expect(authServer.spec.template.spec.securityContext.fsGroup).toBe(1000);

  expect(resources.map(({ metadata: { name } }) => name)).not.toContain('currenttime');
  expect(find(resources, 'ConfigMap', 'servers').data['servers.yml']).not.toContain('currenttime');
  expect(find(resources, 'NetworkPolicy', 'database').spec.egress[0].to).toEqual([
    { ipBlock: { cidr: '10.20.30.40/32' } },
  ]);
  expect(find(resources, 'NetworkPolicy', 'mcp-servers').spec.ingress[0].ports).toContainEqual({ port: 9000 });
  expect(policiesOf(resources)).toEqual(expect.arrayContaining(['proxy', 'mcp-servers-elsewhere']));
});

test('A large customer gets an HTTPRoute, pods that scale, metrics, and ways to its collector, endpoint and model', () => {
  const resources = resourcesFor('large');
  expect(find(resources, 'HTTPRoute', 'gateway').spec).toMatchObject({
    parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
    hostnames: ['mcp.example.com'],
    rules: [{ timeouts: { request: '0s' }, backendRefs: [{ name: 'gateway', port: 80 }] }],
  });
  for (const [name, max] of [
    ['gate', 16],
    ['auth-server', 12],
  ] as const) {
    expect(find(resources, 'HorizontalPodAutoscaler', name).spec).toMatchObject({ minReplicas: 4, maxReplicas: max });
    // Kubernetes would set the number back at each upgrade.
    expect(find(resources, 'Deployment', name).spec.replicas).toBeUndefined();
    expect(find(resources, 'PodDisruptionBudget', name).spec.maxUnavailable).toBe(1);
  }
  const monitored = ['gate', 'auth-server'].flatMap((name) => {
    const ports = Object.values(containersOf(find(resources, 'Deployment', name))).flatMap((each) => each.ports);
    const { podMetricsEndpoints } = find(resources, 'PodMonitor', name).spec;
    for (const { port } of podMetricsEndpoints) expect(ports.map((each: Resource) => each.name)).toContain(port);
    return podMetricsEndpoints.map((each: Resource) => each.relabelings[0].replacement);
  });
  expect(monitored.sort()).toEqual(['mcp-gateway-auth-server', 'mcp-gateway-registry', 'mcp-gateway-relay']);

  const reach = (name: string) => {
    const { podSelector, egress } = find(resources, 'NetworkPolicy', name).spec;
    return [podSelector.matchExpressions[0].values, egress[0].ports];
  };
  expect(reach('collector')).toEqual([['gate', 'auth-server', 'hub', 'mcpgw', 'currenttime'], [{ port: 4318 }]]);
  expect(reach('login')).toEqual([['auth-server'], [{ port: 443 }]]);
  expect(reach('embeddings')).toEqual([['gate'], [{ port: 8080 }]]);
  const monitoring = find(resources, 'NetworkPolicy', 'gate').spec.ingress.flatMap((rule: Resource) => rule.from ?? []);
  expect(monitoring).toContainEqual({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'observability' } },
  });
  expect(find(resources, 'NetworkPolicy', 'dns').spec.egress[0].to).toHaveLength(2);

  const { nginx } = containersOf(find(resources, 'Deployment', 'gate'));
  expect(nginx?.resources).toEqual({ requests: { cpu: '1', memory: '256Mi' }, limits: { memory: '4Gi' } });
  expect(find(resources, 'ConfigMap', 'settings').data).toMatchObject({
    MAX_BODY_BYTES: '4194304',
    POLICY_EDITABLE: 'true',
  });
  const { registry, 'auth-server': own } = containersOf(find(resources, 'Deployment', 'auth-server'));
  expect(registry?.env).toContainEqual({ name: 'POLICY_EDITABLE', value: 'false' });
  expect(own?.env).toContainEqual({ name: 'APPROVED_TOOLS_FILE', value: '/routes/approved-tools.json' });
  expect(policiesOf(resources)).toEqual(expect.arrayContaining(['auth-server-checks', 'mcp-servers-checks']));
});
