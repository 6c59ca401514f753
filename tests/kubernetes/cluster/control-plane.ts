import { credential, kubeconfig } from './credentials.ts';
import { kubectl } from './kubectl.ts';
import { addresses, program, work } from './place.ts';
import { start, until } from './programs.ts';

/** Starts etcd, the API server, the controllers and the scheduler. Returns when the API server is ready. */
export async function startControlPlane(): Promise<void> {
  const store = 'http://127.0.0.1:2379';
  const etcd = [`--data-dir=${work('etcd')}`, `--listen-client-urls=${store}`, `--advertise-client-urls=${store}`];
  start('etcd', ['etcd', ...etcd, '--log-level=warn']);
  const options = {
    'etcd-servers': store,
    'advertise-address': addresses.control,
    'service-cluster-ip-range': addresses.services,
    'tls-cert-file': credential('api.crt'),
    'tls-private-key-file': credential('api.key'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': credential('accounts.pub'),
    'service-account-signing-key-file': credential('accounts.key'),
    'token-auth-file': credential('tokens.csv'),
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'kubelet-preferred-address-types': 'InternalIP',
    'allow-privileged': 'true',
  };
  start('kube-apiserver', [program('kube-apiserver'), ...flags(options)]);
  await until('the API server is ready', () => kubectl('get', '--raw=/readyz') === 'ok');
  const controllers = {
    kubeconfig: kubeconfig('controller-manager'),
    'service-account-private-key-file': credential('accounts.key'),
    'root-ca-file': credential('api.crt'),
    'use-service-account-credentials': 'true',
    'leader-elect': 'false',
  };
  start('kube-controller-manager', [program('kube-controller-manager'), ...flags(controllers)]);
  const scheduler = { kubeconfig: kubeconfig('scheduler'), 'leader-elect': 'false' };
  start('kube-scheduler', [program('kube-scheduler'), ...flags(scheduler)]);
}

/** A table of options as words of a command. */
export const flags = (options: Readonly<Record<string, string>>): string[] =>
  Object.entries(options).map(([name, value]) => `--${name}=${value}`);
