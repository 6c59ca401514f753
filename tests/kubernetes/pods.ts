import { isReady } from './cluster/cluster.ts';
import { get, kubectl } from './cluster/kubectl.ts';
import { ctr } from './cluster/node.ts';
import { until } from './cluster/programs.ts';
import { namespace } from './gateway.ts';

interface ContainerStatus {
  name: string;
  containerID: string;
  restartCount: number;
  image: string;
}

/** The fields of a pod that the tests read. */
interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { nodeName: string };
  status: {
    podIP: string;
    conditions: { type: string; status: string }[];
    containerStatuses: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

/** The pods of a deployment that are not being deleted. */
export const podsOf = (name: string): Pod[] =>
  (get('pods', '-n', namespace, '-l', `app.kubernetes.io/name=${name}`).items as Pod[]).filter(
    ({ metadata }) => !metadata.deletionTimestamp,
  );

/** Waits until a deployment has this number of pods, all ready. */
export const ready = (name: string, count: number): Promise<void> =>
  until(`${count} pods of ${name} are ready`, () => podsOf(name).filter(isReady).length === count, 400);

/** Kills the first process of a pod's main container, as the kernel does when memory is used up. */
export function crash({ spec, status }: Pod): void {
  const [container] = status.containerStatuses;
  const node = Number(spec.nodeName.replace('node-', ''));
  ctr(node, 'task', 'kill', '--signal', 'SIGKILL', container?.containerID.replace('containerd://', '') ?? '');
}

/** Deletes a pod without giving it time to end. */
export const destroy = ({ metadata }: Pod): string =>
  kubectl('-n', namespace, 'delete', 'pod', metadata.name, '--grace-period=0', '--force', '--wait=false');

/**
 * Tries connections from inside a pod.
 * @param places `host:port`
 * @returns those that can be reached
 */
export function reachable(pod: string, container: string, places: readonly string[], from = namespace): string[] {
  const said = kubectl('-n', from, 'exec', pod, '-c', container, '--', 'node', '-e', dial, ...places);
  return JSON.parse(said);
}

const dial = `const net = require('net');
Promise.all(process.argv.slice(1).map((place) => new Promise((resolve) => {
  const at = place.lastIndexOf(':');
  const done = (open) => { socket.destroy(); resolve(open && place); };
  const socket = net.connect(place.slice(at + 1), place.slice(0, at)).setTimeout(4000, () => done(false))
    .on('connect', () => done(true)).on('error', () => done(false));
}))).then((found) => console.log(JSON.stringify(found.filter(Boolean))))`;
