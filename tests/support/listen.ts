import { once } from 'node:events';
import { createServer, Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Starts a server on a free port of 127.0.0.1.
 * @param what the server, or what answers HTTP requests
 * @returns its port, and `close`, which also closes the open HTTP connections
 */
export async function listen(what: Server | RequestListener): Promise<{ port: number; close: () => Promise<void> }> {
  const server = typeof what === 'function' ? createServer(what) : what;
  // Node closes idle connections after five seconds: on a busy machine, a client that reuses one gets ECONNRESET.
  if (server instanceof HttpServer) server.keepAliveTimeout = 75_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (server instanceof HttpServer) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Lets this process end although the server listens and has connections. */
export function unrefServer(server: Server): void {
  server.unref().on('connection', (socket) => socket.unref());
}

/** Waits up to two seconds (or `milliseconds`) for a condition. @returns whether it became true */
export async function until(condition: () => unknown, milliseconds = 2_000): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!(await condition()) && performance.now() < end) await sleep(5);
  return Boolean(await condition());
}
