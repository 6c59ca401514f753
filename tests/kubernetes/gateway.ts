import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Place } from '../compose/visit.ts';
import { startBalancer } from './cluster/balancer.ts';
import { nodes } from './cluster/cluster.ts';
import { certificate, credential } from './cluster/credentials.ts';
import { type Database, startDatabase } from './cluster/database.ts';
import { get, kubectl, kubectlLater } from './cluster/kubectl.ts';
import { addresses, root, work } from './cluster/place.ts';
import { start } from './cluster/programs.ts';

/** The namespace of production/namespace.yaml. */
export const namespace = 'mcp-gateway';

/** The gateway in the cluster, and what it needs outside. */
export interface Gateway {
  place: Place;
  database: Database;
}

const [httpPort, httpsPort, cognitoPort] = [8080, 8443, 443];

const url = `https://localhost:${httpsPort}`;
const standIn = `http://localhost:${cognitoPort}`;
/** The settings of the demo, whose user pool is the stand-in's. */
const demo = parseEnv(readFileSync(join(root, '.env.example'), 'utf8'));

/** Applies deploy/kubernetes as docs/kubernetes.md says, and returns when both deployments are rolled out. */
export async function deploy(): Promise<Gateway> {
  const database = await startDatabase();
  startCognito();
  const folder = work('deploy');
  cpSync(join(root, 'deploy'), folder, { recursive: true });
  writeSettings(join(folder, 'kubernetes/production/kustomization.yaml'));
  certificate('gateway', 'DNS:localhost');

  const secretKey = execFileSync('npm', ['run', '-s', 'secret-key'], { cwd: root, encoding: 'utf8' }).trim();
  const own = (...args: string[]) => kubectl('-n', namespace, ...args);
  kubectl('create', 'namespace', namespace);
  own('create', 'configmap', 'scopes', `--from-file=${join(root, 'scopes.yml')}`);
  const secrets = {
    SECRET_KEY: secretKey,
    DATABASE_URL: database.url,
    COGNITO_CLIENT_SECRET: demo.COGNITO_CLIENT_SECRET,
  };
  own('create', 'secret', 'generic', 'gateway', ...literals(secrets));
  own(
    'create',
    'secret',
    'tls',
    'gateway-tls',
    `--cert=${credential('gateway.crt')}`,
    `--key=${credential('gateway.key')}`,
  );
  kubectl('apply', '-k', join(folder, 'kubernetes/production'));
  for (const each of ['gate', 'auth-server', 'hub', 'mcpgw', 'currenttime']) await rolledOut(each);

  const { spec } = get('service', 'gateway', '-n', namespace);
  const nodePort = (name: string) => spec.ports.find((each: { name: string }) => each.name === name).nodePort;
  const ports = new Map([
    [httpPort, nodePort('http')],
    [httpsPort, nodePort('https')],
  ]);
  await startBalancer(nodes, ports, spec.healthCheckNodePort);
  const ca = readFileSync(credential('gateway.crt'), 'utf8');
  return { place: { url, standIn, ca }, database };
}

/** Waits until a deployment is rolled out. */
export const rolledOut = (name: string, seconds = 400): Promise<string> =>
  kubectlLater('-n', namespace, 'rollout', 'status', `deployment/${name}`, `--timeout=${seconds}s`);

/** Starts the stand-in for Amazon Cognito at an address that counts as public. */
function startCognito(): void {
  const env = {
    COGNITO_HOST: '0.0.0.0',
    COGNITO_IN_CONTAINER: 'true',
    COGNITO_PORT: String(cognitoPort),
    COGNITO_PUBLIC_URL: standIn,
    COGNITO_EXTRA_GATEWAY_URLS: url,
    NODE_ENV: 'development',
  };
  start('cognito', [process.execPath, join(root, 'stand-in/main.ts')], undefined, env);
}

/** Fills in the settings, and asks for less processor time: the test's machine has less than the pods reserve. */
function writeSettings(file: string): void {
  let text = readFileSync(file, 'utf8');
  const { COGNITO_USER_POOL_ID, COGNITO_CLIENT_ID, COGNITO_ALLOWED_CLIENT_IDS } = demo;
  const pool = { COGNITO_USER_POOL_ID, COGNITO_CLIENT_ID, COGNITO_ALLOWED_CLIENT_IDS };
  for (const [name, value] of Object.entries({ REGISTRY_URL: url, ...pool })) {
    const line = new RegExp(`- ${name}=.*`);
    if (!line.test(text)) throw new Error(`${file} has no line for ${name}`);
    text = text.replace(line, `- ${name}=${value}`);
  }
  const patches = ['gate', 'auth-server'].map((name) => lessProcessorTime(name)).join('');
  writeFileSync(
    file,
    `${text}      - COGNITO_LOCAL_ENDPOINT=http://${addresses.cognito}:${cognitoPort}\npatches:\n${patches}`,
  );
}

const lessProcessorTime = (name: string) => `  - target: { kind: Deployment, name: ${name} }
    patch: '[{ "op": "replace", "path": "/spec/template/spec/containers/0/resources/requests/cpu", "value": "100m" }]'
`;

const literals = (values: Readonly<Record<string, string | undefined>>) =>
  Object.entries(values).map(([name, value]) => `--from-literal=${name}=${value}`);
