import { writeFileSync } from 'node:fs';
import { addresses, nodeName, work, workFolder } from './place.ts';
import { run } from './programs.ts';

const users = {
  admin: ['admin', 'system:masters'],
  'controller-manager': ['system:kube-controller-manager', ''],
  scheduler: ['system:kube-scheduler', ''],
  proxy: ['system:kube-proxy', ''],
} as const;

/** Who asks the API server: a part of the control plane, or a node by its name. */
type User = keyof typeof users | `node-${number}`;

/** The path of a user's kubeconfig. */
export const kubeconfig = (user: User): string => work('credentials', `${user}.kubeconfig`);

/** The path of a file in the folder of credentials. */
export const credential = (name: string): string => work('credentials', name);

/** Makes the certificate of the API server, the keys of service accounts, and a token and a kubeconfig for each user. */
export function makeCredentials(nodes: readonly number[]): void {
  workFolder('credentials');
  certificate('api', `IP:${addresses.control},IP:127.0.0.1,IP:${addresses.api},DNS:kubernetes.default.svc`);
  run(['openssl', 'genrsa', '-out', credential('accounts.key'), '2048']);
  run(['openssl', 'rsa', '-in', credential('accounts.key'), '-pubout', '-out', credential('accounts.pub')]);
  const members = nodes.map((node) => [nodeName(node), [`system:node:${nodeName(node)}`, 'system:nodes']] as const);
  const lines = [...Object.entries(users), ...members].map(([user, [name, group]]) => {
    const token = crypto.randomUUID();
    writeFileSync(kubeconfig(user as User), JSON.stringify(config(user, token)));
    return `${token},${name},${name},"${group}"\n`;
  });
  writeFileSync(credential('tokens.csv'), lines.join(''));
}

/** Makes a self-signed certificate, `NAME.crt` and `NAME.key`, for these names. */
export function certificate(name: string, names: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', credential(`${name}.key`)];
  const about = ['-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`];
  run(['openssl', 'req', '-x509', ...key, ...about, '-out', credential(`${name}.crt`)]);
}

const config = (user: string, token: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'test',
      cluster: { server: `https://${addresses.control}:6443`, 'certificate-authority': credential('api.crt') },
    },
  ],
  users: [{ name: user, user: { token } }],
  contexts: [{ name: 'test', context: { cluster: 'test', user } }],
  'current-context': 'test',
});
