import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flags } from './control-plane.ts';
import { kubeconfig } from './credentials.ts';
import { kubectl } from './kubectl.ts';
import { addresses, nodeName, program, work, workFolder } from './place.ts';
import { run, start, until } from './programs.ts';

const cgroups = '/sys/fs/cgroup';

/** Starts a node: containerd, kubelet, kube-proxy, and kube-router's firewall for the network policies. Returns when it is registered. */
export async function startNode(node: number): Promise<void> {
  const name = nodeName(node);
  const socket = work(name, 'containerd.sock');
  writeContainerd(node, socket);
  start(`containerd-${name}`, ['containerd', '--config', work(name, 'containerd.toml')], node);
  await until(`containerd of ${name} answers`, () => ctr(node, 'version'));
  ctr(node, 'images', 'import', work('images.tar'));

  const group = `/mcp-gateway-cluster/${name}`;
  // The folders of version 1 are one for each controller; version 2 has a single one.
  for (const each of readdirSync(cgroups, { withFileTypes: true }))
    if (each.isDirectory() && each.name !== 'unified') mkdirSync(join(cgroups, each.name, group), { recursive: true });
  writeFileSync(work(name, 'kubelet.json'), JSON.stringify(kubelet(node, socket, group)));
  const options = {
    config: work(name, 'kubelet.json'),
    kubeconfig: kubeconfig(name as `node-${number}`),
    'root-dir': workFolder(name, 'kubelet'),
    'cert-dir': workFolder(name, 'certificates'),
    'hostname-override': name,
    'node-ip': addresses.node(node),
  };
  start(`kubelet-${name}`, [program('kubelet'), ...flags(options)], node);

  writeFileSync(work(name, 'proxy.json'), JSON.stringify(proxy(name)));
  start(`kube-proxy-${name}`, [program('kube-proxy'), `--config=${work(name, 'proxy.json')}`], node);
  await until(`${name} is registered`, () => kubectl('get', 'node', name));
  const firewall = {
    kubeconfig: kubeconfig('admin'),
    'hostname-override': name,
    'service-cluster-ip-range': addresses.services,
  };
  start(`policies-${name}`, [program('policies'), ...flags(firewall)], node);
}

/** Runs ctr on a node, in the namespace of Kubernetes. */
export const ctr = (node: number, ...args: string[]): string =>
  run(['ctr', '--address', work(nodeName(node), 'containerd.sock'), '--namespace', 'k8s.io', ...args], node);

/** The settings of containerd 1.6 or newer, and of the network plugin `ptp`: each pod has a cable of its own to its node. */
function writeContainerd(node: number, socket: string): void {
  const name = nodeName(node);
  const networks = workFolder(name, 'networks');
  const range = { type: 'host-local', dataDir: workFolder(name, 'addresses'), routes: [{ dst: '0.0.0.0/0' }] };
  const plugin = { type: 'ptp', ipMasq: false, ipam: { ...range, ranges: [[{ subnet: addresses.podsOf(node) }]] } };
  const list = { cniVersion: '0.4.0', name: 'pods', plugins: [plugin] };
  writeFileSync(join(networks, '10-pods.conflist'), JSON.stringify(list));
  const lines = `version = 2
root = "${work(name, 'containerd')}"
state = "${work(name, 'state')}"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  # A machine may refuse to protect a process from the kernel's search for memory, as a kubelet asks for a pod's first process.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${networks}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
`;
  writeFileSync(join(workFolder(name), 'containerd.toml'), lines);
}

/** The image of the first process of each pod. */
export const pauseImage = 'cluster.test/pause:1';

const kubelet = (node: number, socket: string, group: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  containerRuntimeEndpoint: `unix://${socket}`,
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: group,
  failSwapOn: false,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  clusterDNS: [addresses.dns],
  clusterDomain: 'cluster.local',
  resolvConf: work('resolv.conf'),
  podLogsDir: workFolder(nodeName(node), 'logs'),
  volumePluginDir: workFolder(nodeName(node), 'plugins'),
  // The disk is that of the machine, whose fullness is not the cluster's.
  imageGCHighThresholdPercent: 100,
  evictionHard: {
    'memory.available': '0%',
    'nodefs.available': '0%',
    'imagefs.available': '0%',
    'nodefs.inodesFree': '0%',
  },
});

const proxy = (name: string) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'nftables',
  hostnameOverride: name,
  clientConnection: { kubeconfig: kubeconfig('proxy') },
  clusterCIDR: addresses.pods,
  // These belong to the whole machine.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
});
