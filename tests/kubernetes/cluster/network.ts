import { writeFileSync } from 'node:fs';
import { addresses, nodeName, work } from './place.ts';
import { run } from './programs.ts';

/** Makes a network for the control plane and the nodes. There is no way out of it. */
export function makeNetwork(nodes: readonly number[]): void {
  const ip = (words: string, node?: number) => run(['ip', ...words.split(' ')], node);
  ip('link add lan type bridge');
  ip(`addr add ${addresses.control}/24 dev lan`);
  ip(`addr add ${addresses.cognito}/32 dev lan`);
  ip('link set lan up');
  for (const node of nodes) {
    const name = nodeName(node);
    ip(`netns add ${name}`);
    ip(`link add ${name} type veth peer name eth0 netns ${name}`);
    ip(`link set ${name} master lan up`);
    ip('link set lo up', node);
    ip(`addr add ${addresses.node(node)}/24 dev eth0`, node);
    ip('link set eth0 up', node);
    ip(`route add default via ${addresses.control}`, node);
    run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'], node);
  }
  // Every pod has an address of its own that all nodes reach, as Kubernetes asks of a network.
  for (const node of nodes) {
    const route = `route add ${addresses.podsOf(node)} via ${addresses.node(node)}`;
    ip(route);
    for (const other of nodes) if (other !== node) ip(route, other);
  }
  writeFileSync(work('resolv.conf'), 'options ndots:1\n');
}
