import { images } from '../cluster/images.ts';
import { kubectl, kubectlLater } from '../cluster/kubectl.ts';
import { addresses } from '../cluster/place.ts';
import { podsOf, reachable } from '../pods.ts';

const cognito = `${addresses.cognito}:443`;
const database = `${addresses.control}:5432`;
const brokers = ['registry:7860', 'gate-for-brokers:8082'];
const all = [
  ...['auth-server:8888', 'relay:7870', 'hub:8004', 'currenttime:8000', 'mcpgw:8003', ...brokers],
  ...[cognito, database, `${addresses.control}:6443`],
];

/** The network policies in force. */
export function networkPolicies(): void {
  test.each([
    ['currenttime', 'currenttime', []],
    ['mcpgw', 'mcpgw', brokers],
    ['hub', 'hub', brokers],
    ['auth-server', 'auth-server', ['relay:7870', 'registry:7860', cognito, database]],
    ['gate', 'relay', ['auth-server:8888', 'hub:8004', 'currenttime:8000', 'mcpgw:8003', cognito, database]],
  ])('A pod of %s reaches what it needs, and nothing else', (name, container, open) => {
    // A pod always reaches itself.
    const itself = { gate: /^(registry|relay|gate-for-brokers):/ }[name] ?? new RegExp(`^${name}:`);
    const places = all.filter((each) => !itself.test(each));
    expect(reachable(podsOf(name)[0]?.metadata.name ?? '', container, places).sort()).toEqual([...open].sort());
  });

  test.each([
    ['default', []],
    ['monitoring', ['metrics of the auth-server', 'metrics of the registry', 'metrics of the relay']],
  ])('A pod of the namespace %s reaches the public ports of the gateway and: %j', async (from, open) => {
    const { repository, tag } = images['mcp-gateway-registry'] ?? {};
    if (from !== 'default') kubectl('create', 'namespace', from);
    const run = [
      'run',
      'stranger',
      `--image=${repository}:${tag}`,
      '--restart=Never',
      '--command',
      '--',
      'sleep',
      '600',
    ];
    kubectl('-n', from, ...run);
    await kubectlLater('-n', from, 'wait', '--for=condition=Ready', 'pod/stranger', '--timeout=120s');
    const [gate, auth] = [podsOf('gate')[0]?.status.podIP, podsOf('auth-server')[0]?.status.podIP];
    const places = new Map([
      ['the gateway', 'gateway.mcp-gateway:443'],
      ['metrics of the auth-server', `${auth}:9464`],
      ['metrics of the registry', `${gate}:9465`],
      ['metrics of the relay', `${gate}:9466`],
      ['/validate', `${auth}:8888`],
      ['the registry', `${gate}:7860`],
      ['the relay', `${gate}:7870`],
      ["nginx's port for brokers", `${gate}:8082`],
      ['the hub', 'hub.mcp-gateway:8004'],
      ['an MCP server', 'currenttime.mcp-gateway:8000'],
    ]);
    const found = reachable('stranger', 'stranger', [...places.values()], from);
    kubectl('-n', from, 'delete', 'pod', 'stranger', '--grace-period=0', '--force');
    const names = [...places].filter(([, place]) => found.includes(place)).map(([name]) => name);
    expect(names).toEqual(['the gateway', ...open]);
  });
}
