import { connect, createServer } from 'node:net';
import { addresses } from './place.ts';

/**
 * Starts a load balancer in front of the nodes, as clouds have one for a service of type LoadBalancer. It passes TCP connections
 * of 127.0.0.1 on to the nodes in turn. It asks each node once a second whether a ready pod of the service is there, and leaves a
 * node out after two wrong answers. It never tries a second node for one connection.
 * @param ports from the port on 127.0.0.1 to the node port
 * @param healthPort the service's healthCheckNodePort
 */
export async function startBalancer(
  nodes: readonly number[],
  ports: ReadonlyMap<number, number>,
  healthPort: number,
): Promise<void> {
  const failures = new Map(nodes.map((node) => [node, 2]));
  const check = async (node: number) => {
    const url = `http://${addresses.node(node)}:${healthPort}/healthz`;
    const good = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    failures.set(node, good ? 0 : (failures.get(node) ?? 0) + 1);
  };
  const checkAll = () => Promise.all(nodes.map(check));
  await checkAll();
  setInterval(checkAll, 1000).unref();
  const healthy = () => nodes.filter((node) => (failures.get(node) ?? 0) < 2);
  let turn = 0;
  for (const [from, to] of ports) {
    const server = createServer((client) => {
      const places = healthy();
      const node = places[turn++ % places.length];
      client.on('error', () => undefined);
      if (node === undefined) return void client.destroy();
      const upstream = connect(to, addresses.node(node));
      upstream.on('error', () => client.resetAndDestroy());
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(from, '127.0.0.1', resolve));
    server.unref();
  }
}
