import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const tools = process.env.CHART_TOOLS ?? join(homedir(), '.cache', 'mcp-gateway-chart');
/** The releases of Kubernetes whose schemas the chart must fit. */
export const releases = ['1.29.15', '1.37.2'] as const;
const needed = ['bin/helm', 'bin/kubeconform', ...releases.map((each) => `schemas/${each}`), 'python/bin/cfn-lint'];
const missing = needed.filter((each) => !existsSync(join(tools, each)));
if (missing.length > 0)
  throw new Error(
    `The tests of the chart cannot run: ${tools} has no ${missing.join(', ')}. Get them with: sh tests/chart/get-tools (it needs Go 1.26 and Python)`,
  );

export const chart = 'deploy/helm';
const home = mkdtempSync(join(tmpdir(), 'helm-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

export interface Result {
  code: number;
  out: string;
  errors: string;
}

/** Runs one of the tools, with no settings of the person who runs the tests. */
function run(tool: string, args: readonly string[], input = ''): Promise<Result> {
  const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: join(home, 'none') };
  return new Promise((done) => {
    const options = { env, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(join(tools, tool), args, options, (error, out, errors) =>
      done({ code: error ? Number(error.code ?? 1) : 0, out, errors }),
    );
    child.stdin?.end(input);
  });
}

export const helm = (...args: readonly string[]) => run('bin/helm', args);
export const cfnLint = (...args: readonly string[]) => run('python/bin/cfn-lint', args);

/** Checks manifests against one release of Kubernetes; unknown fields and kinds are faults. */
export const kubeconform = (release: string, manifests: string) => {
  const location = `${join(tools, 'schemas', release)}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
  return run('bin/kubeconform', ['-strict', '-summary', '-schema-location', location, '-'], manifests);
};

/** The arguments of `helm template` and `helm install` for values in files and in texts such as gate.replicas=3. */
export const valuesFrom = (files: readonly string[], more: readonly string[] = []) => [
  ...files.flatMap((file) => ['--values', file]),
  ...more.flatMap((each) => ['--set', each]),
];

/** Renders the chart in the namespace mcp-gateway. */
export const template = (files: readonly string[], more: readonly string[] = []) =>
  helm('template', 'gateway', chart, '--namespace', 'mcp-gateway', ...valuesFrom(files, more));

// biome-ignore lint/suspicious/noExplicitAny: tests read manifests of many kinds
export type Resource = Record<string, any>;

/** The resources in a text. */
export const resourcesOf = (text: string): Resource[] =>
  parseAllDocuments(text, { strict: true, uniqueKeys: true })
    .map((each) => each.toJS() as Resource | null)
    .filter((each) => each !== null);

/** One resource. Throws if it is not there. */
export function find(resources: readonly Resource[], kind: string, name: string): Resource {
  const found = resources.find((each) => each.kind === kind && each.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

/** The containers of a Deployment by name, sidecars included. */
export const containersOf = ({ spec }: Resource): Record<string, Resource> =>
  Object.fromEntries(
    [...(spec.template.spec.initContainers ?? []), ...spec.template.spec.containers].map((each: Resource) => [
      each.name,
      each,
    ]),
  );
