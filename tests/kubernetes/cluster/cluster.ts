import { startControlPlane } from './control-plane.ts';
import { makeCredentials } from './credentials.ts';
import { saveImages } from './images.ts';
import { get, kubectl } from './kubectl.ts';
import { makeNetwork } from './network.ts';
import { startNode } from './node.ts';
import { nodeName } from './place.ts';
import { until } from './programs.ts';

/** The numbers of the nodes. */
export const nodes = [1, 2] as const;

/** Starts a control plane and the nodes. Returns when the nodes are ready and the cluster's DNS answers. */
export async function startCluster(): Promise<void> {
  saveImages();
  makeNetwork(nodes);
  makeCredentials(nodes);
  await startControlPlane();
  await Promise.all(nodes.map(startNode));
  await until('the nodes are ready', () => nodes.every((node) => isReady(get('node', nodeName(node)))));
  kubectl('apply', '-f', `${import.meta.dirname}/dns.yaml`);
  await until('the DNS is ready', () => get('deployment', 'coredns', '-n', 'kube-system').status.readyReplicas === 2);
}

interface Conditions {
  status: { conditions: { type: string; status: string }[] };
}

/** Whether a node or a pod is ready. */
export const isReady = ({ status }: Conditions): boolean =>
  (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');
