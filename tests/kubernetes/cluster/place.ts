import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = (variable: 'CLUSTER_WORK' | 'CLUSTER_BIN'): string => {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: run npm run test:kubernetes`);
  return value;
};

/** A path in the folder of this cluster, which is deleted after the run. */
export const work = (...parts: string[]): string => join(folder('CLUSTER_WORK'), ...parts);

/** A folder there, which is made if it is absent. */
export function workFolder(...parts: string[]): string {
  const path = work(...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

/** One of the programs of tests/kubernetes/build. */
export const program = (name: string): string => join(folder('CLUSTER_BIN'), name);

/** The project's folder. */
export const root = join(import.meta.dirname, '../../..');

/** The addresses of the cluster. All are in network namespaces that reach no other machine. */
export const addresses = {
  /** Of the control plane, PostgreSQL and the tests. */
  control: '192.168.77.1',
  /** Of the stand-in for Amazon Cognito: outside the private ranges, like Amazon's, so that the network policies let it pass. */
  cognito: '203.0.113.1',
  node: (number: number) => `192.168.77.${10 + number}`,
  podsOf: (number: number) => `10.244.${number}.0/24`,
  pods: '10.244.0.0/16',
  services: '10.96.0.0/16',
  api: '10.96.0.1',
  dns: '10.96.0.10',
} as const;

/** The name of a node, which is also the name of its network namespace. */
export const nodeName = (number: number): string => `node-${number}`;
