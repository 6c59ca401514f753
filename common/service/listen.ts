import { once } from 'node:events';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { connect, type ListenOptions } from 'node:net';
import { http } from '../network/http.ts';
import { ConfigError } from '../text/config-error.ts';

/** One address where a service listens, and its request listener. */
export interface Endpoint {
  listener: RequestListener;
  host: string;
  port: number;
  /** The setting of the port, named when the port is taken. */
  portVariable: string;
}

/** nginx accepts 64 kB of headers and adds the caller's identity. With Node's default of 16 kB such a request gets 431. */
const maxHeaderSize = 98_304;

/** @throws {ConfigError} if the port is taken */
export async function listen({ listener, host, port, portVariable }: Endpoint): Promise<Server> {
  return await started(listener, { port, host }).catch((error: unknown) => {
    if (!isTaken(error)) throw error;
    const fault = `port ${port} on ${host} is taken: stop the program that has it, or set ${portVariable}`;
    throw new ConfigError([fault]);
  });
}

/**
 * Listens on a Unix socket, which each user who reaches its folder may use. A process that was killed has left the file: it goes
 * if it is a socket and no process answers there. In node:cluster, the first process has to listen before another one begins.
 * @throws {ConfigError} if another process answers there, or if another kind of file is there
 */
export async function listenOnSocket(listener: RequestListener, path: string): Promise<Server> {
  if (await isLeft(path)) unlinkSync(path);
  const server = await started(listener, { path }).catch((error: unknown) => {
    if (!isTaken(error)) throw error;
    throw new ConfigError([`the socket ${path} is taken: stop the program that has it, or remove what else is there`]);
  });
  // nginx's processes may run as another user than its master. An option of listen() has no effect in node:cluster.
  chmodSync(path, 0o666);
  return server;
}

function started(listener: RequestListener, where: ListenOptions): Promise<Server> {
  const server = http.createServer({ maxHeaderSize }, listener);
  // nginx keeps idle connections for 60 s. If Node closed first, nginx would use a dead connection and answer 503.
  server.keepAliveTimeout = 75_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => resolve(server.off('error', reject)));
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/** Whether no process listens at a socket whose file is there. A connection to an ordinary file is refused too. */
async function isLeft(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
