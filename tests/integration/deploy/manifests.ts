import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';

const deploy = join(import.meta.dirname, '..', '..', '..', 'deploy');

/** Where the manifests are that the Helm chart and kustomize share. */
export const folder = join(deploy, 'helm', 'manifests');

/** What kustomize makes of them for one gateway. */
export const productionFolder = join(deploy, 'kubernetes', 'production');

const text = z.string();
const labels = z.record(text, text);
const port = z.union([z.int(), text]);
const keyRef = z.strictObject({ name: text, key: text, optional: z.boolean().optional() });
const httpGet = z.strictObject({ path: text, port });
const times = {
  initialDelaySeconds: z.int().positive().optional(),
  periodSeconds: z.int().positive(),
  timeoutSeconds: z.int().positive().optional(),
  failureThreshold: z.int().positive(),
};
const probe = z.union([
  z.strictObject({ httpGet, ...times }),
  z.strictObject({ exec: z.strictObject({ command: z.array(text) }), ...times }),
]);
const securityContext = z.strictObject({
  runAsNonRoot: z.boolean().optional(),
  runAsUser: z.int().optional(),
  runAsGroup: z.int().optional(),
  fsGroup: z.int().optional(),
  seccompProfile: z.strictObject({ type: text }).optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  readOnlyRootFilesystem: z.boolean().optional(),
  capabilities: z.strictObject({ drop: z.array(text) }).optional(),
});
const container = z.strictObject({
  name: text,
  image: text,
  restartPolicy: z.literal('Always').optional(),
  args: z.array(text).default([]),
  ports: z.array(z.strictObject({ name: text.max(15), containerPort: z.int() })),
  envFrom: z.array(z.strictObject({ configMapRef: z.strictObject({ name: text }) })).default([]),
  env: z
    .array(
      z.strictObject({
        name: text,
        value: text.optional(),
        valueFrom: z.strictObject({ secretKeyRef: keyRef }).optional(),
      }),
    )
    .default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe,
  readinessProbe: probe.optional(),
  lifecycle: z
    .strictObject({ preStop: z.strictObject({ exec: z.strictObject({ command: z.array(text) }) }) })
    .optional(),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: text, memory: text }),
    limits: z.strictObject({ memory: text }),
  }),
  securityContext,
  volumeMounts: z.array(z.strictObject({ name: text, mountPath: text, readOnly: z.boolean().optional() })),
});
const configMap = z.strictObject({ name: text });
const secret = z.strictObject({
  secretName: text,
  optional: z.boolean().optional(),
  defaultMode: z.int(),
  items: z.array(z.strictObject({ key: text, path: text })),
});
const podSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.int().positive(),
  securityContext,
  topologySpreadConstraints: z.array(z.looseObject({ labelSelector: z.object({ matchLabels: labels }) })).optional(),
  initContainers: z.array(container).default([]),
  containers: z.array(container).min(1),
  volumes: z.array(
    z.strictObject({
      name: text,
      configMap: configMap.optional(),
      secret: secret.optional(),
      emptyDir: z.strictObject({ sizeLimit: text }).optional(),
    }),
  ),
});
const metadata = z.strictObject({ name: text, labels: labels.optional() });
const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z.strictObject({
    replicas: z.int().positive(),
    strategy: z
      .strictObject({ rollingUpdate: z.strictObject({ maxUnavailable: z.int(), maxSurge: z.int() }) })
      .optional(),
    selector: z.strictObject({ matchLabels: labels }),
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec }),
  }),
});
const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z.strictObject({
    type: z.literal('LoadBalancer').optional(),
    externalTrafficPolicy: z.literal('Local').optional(),
    clusterIP: z.literal('None').optional(),
    selector: labels,
    ports: z.array(z.strictObject({ name: text, port: z.int(), targetPort: text })),
  }),
});
const budget = z.strictObject({
  apiVersion: z.literal('policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: z.strictObject({ maxUnavailable: z.int().positive(), selector: z.strictObject({ matchLabels: labels }) }),
});
const namespace = z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('Namespace'), metadata });
const selector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z.array(z.strictObject({ key: text, operator: z.literal('In'), values: z.array(text) })).optional(),
});
const peer = z.strictObject({
  podSelector: selector.optional(),
  namespaceSelector: selector.optional(),
  ipBlock: z.strictObject({ cidr: text, except: z.array(text).optional() }).optional(),
});
const rulePorts = z.array(z.strictObject({ port: z.int(), protocol: z.enum(['TCP', 'UDP']).optional() })).optional();
const networkPolicy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata,
  spec: z.strictObject({
    podSelector: selector,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])).min(1),
    ingress: z.array(z.strictObject({ from: z.array(peer).optional(), ports: rulePorts })).optional(),
    egress: z.array(z.strictObject({ to: z.array(peer), ports: rulePorts })).optional(),
  }),
});
const manifest = z.discriminatedUnion('kind', [deployment, service, budget, namespace, networkPolicy]);

export type Container = z.output<typeof container>;
export type Deployment = z.output<typeof deployment>;
export type Selector = z.output<typeof selector>;

const kustomization = z.looseObject({
  kind: z.enum(['Kustomization', 'Component']),
  resources: z.array(text).default([]),
  patches: z.array(z.strictObject({ path: text })).default([]),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: text,
        behavior: z.literal('merge').optional(),
        files: z.array(text).default([]),
        literals: z.array(text).default([]),
      }),
    )
    .default([]),
  images: z.array(z.strictObject({ name: text, newName: text, newTag: text })).default([]),
  replicas: z.array(z.strictObject({ name: text, count: z.int() })).default([]),
});

/** A folder's kustomization.yaml. */
export const kustomizationIn = (path: string) =>
  kustomization.parse(parse(readFileSync(join(path, 'kustomization.yaml'), 'utf8')));

/** The files of a folder, apart from its kustomization.yaml. */
export const filesIn = (path: string) => readdirSync(path).filter((file) => file !== 'kustomization.yaml');

/** A file as plain values. Throws if its YAML is invalid. */
export function documentsOf(file: string): unknown[] {
  return parseAllDocuments(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true }).map((each) => {
    if (each.errors.length > 0) throw new Error(`${file}: ${each.errors[0]?.message}`);
    return each.toJS() as unknown;
  });
}

/** All resources in the given files, each of a known kind and without unknown fields. */
function readManifests(files: readonly string[]) {
  const all = files.flatMap((file) => documentsOf(file).map((each) => manifest.parse(each, { reportInput: true })));
  const of = <K extends (typeof all)[number]['kind']>(kind: K) =>
    all.filter((each): each is Extract<(typeof all)[number], { kind: K }> => each.kind === kind);
  return {
    all,
    deployments: of('Deployment'),
    services: of('Service'),
    budgets: of('PodDisruptionBudget'),
    policies: of('NetworkPolicy'),
  };
}

/** The containers of a pod, init containers first. */
export const containersOf = ({ spec }: Deployment): Container[] => [
  ...spec.template.spec.initContainers,
  ...spec.template.spec.containers,
];

/** Whether a selector matches these labels. */
export function selects(wanted: Selector, found: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(wanted.matchLabels ?? {}).every(([key, value]) => found[key] === value) &&
    (wanted.matchExpressions ?? []).every(({ key, values }) => values.includes(found[key] ?? ''))
  );
}

/** The base, the production overlay, and the part for TOOL_CHANGES=refuse. */
export const base = kustomizationIn(join(folder, 'base'));
export const production = kustomizationIn(productionFolder);
export const component = kustomizationIn(join(folder, 'tool-changes'));
const filesOfBase = base.resources.map((file) => join(folder, 'base', file));
/** All resources. */
export const { all, deployments, services, budgets, policies } = readManifests([
  ...filesOfBase,
  join(productionFolder, 'namespace.yaml'),
  ...component.resources.map((file) => join(folder, 'tool-changes', file)),
]);
/** Without the part for TOOL_CHANGES=refuse. */
export const inBase = readManifests(filesOfBase);

/** The labels of a deployment's pods. */
export const labelsOf = ({ spec }: Deployment): Readonly<Record<string, string>> => spec.template.metadata.labels;

/** The deployments whose pods a selector matches. */
export const selected = (selector: Selector): Deployment[] =>
  deployments.filter((each) => selects(selector, labelsOf(each)));

/** The ports of a pod. */
export const portsOf = (deployment: Deployment): number[] =>
  containersOf(deployment).flatMap(({ ports }) => ports.map(({ containerPort }) => containerPort));

/** @throws if no resource has this name */
export const named = (name: string): Deployment => {
  const found = deployments.find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};
