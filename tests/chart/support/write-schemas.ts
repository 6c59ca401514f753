/**
 * Writes what kubeconform reads: a JSON schema of each kind that the chart uses, without unknown fields.
 *
 *   node write-schemas.ts FOLDER swagger.json CRD.yaml…
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type Schema = Record<string, unknown>;
interface Swagger {
  definitions: Record<string, Schema>;
}
interface Crd {
  spec: { group: string; names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

const core = 'io.k8s.api';
/** The kinds of the chart, and of deploy/kubernetes. */
const kinds: readonly [name: string, definition: string][] = [
  ['configmap-v1', `${core}.core.v1.ConfigMap`],
  ['namespace-v1', `${core}.core.v1.Namespace`],
  ['service-v1', `${core}.core.v1.Service`],
  ['deployment-apps-v1', `${core}.apps.v1.Deployment`],
  ['horizontalpodautoscaler-autoscaling-v2', `${core}.autoscaling.v2.HorizontalPodAutoscaler`],
  ['ingress-networking-v1', `${core}.networking.v1.Ingress`],
  ['networkpolicy-networking-v1', `${core}.networking.v1.NetworkPolicy`],
  ['poddisruptionbudget-policy-v1', `${core}.policy.v1.PodDisruptionBudget`],
];
/** Types that Kubernetes reads from numbers too, and describes as text only. */
const numbers = ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', 'io.k8s.apimachinery.pkg.api.resource.Quantity'];

/** The same schema, in which an object has no fields but those that it names. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const own = value as Schema;
  if (own['x-kubernetes-int-or-string']) return { type: ['integer', 'string'] };
  const parts = Object.fromEntries(Object.entries(own).map(([key, part]) => [key, closed(part)]));
  const isOpen = 'additionalProperties' in own || own['x-kubernetes-preserve-unknown-fields'];
  // A field of this name is a schema, not a list of fields.
  const isFields = typeof own.properties === 'object' && own.type !== undefined;
  return isFields && !isOpen ? { ...parts, additionalProperties: false } : parts;
}

/** The definitions that one refers to, directly or not, with itself. */
function reached(definitions: Swagger['definitions'], name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, next = ''] of JSON.stringify(definitions[name]).matchAll(/"#\/definitions\/([^"]+)"/g))
    reached(definitions, next, found);
  return found;
}

const [folder = '', swaggerFile = '', ...crdFiles] = process.argv.slice(2);
const { definitions } = JSON.parse(readFileSync(swaggerFile, 'utf8')) as Swagger;
for (const name of numbers) definitions[name] = { type: ['string', 'number'] };
mkdirSync(folder, { recursive: true });
const write = (name: string, schema: unknown) => writeFileSync(join(folder, `${name}.json`), JSON.stringify(schema));
for (const [name, definition] of kinds) {
  const used = [...reached(definitions, definition)].map((each) => [each, closed(definitions[each])]);
  write(name, { $ref: `#/definitions/${definition}`, definitions: Object.fromEntries(used) });
}
for (const file of crdFiles) {
  const { group, names, versions } = (parse(readFileSync(file, 'utf8')) as Crd).spec;
  for (const { name, schema } of versions) {
    const { properties, ...rest } = schema.openAPIV3Schema;
    const own = { ...rest, properties: { ...(properties as Schema), metadata: { type: 'object' } } };
    write([names.kind.toLowerCase(), group.split('.')[0], name].join('-'), closed(own));
  }
}
