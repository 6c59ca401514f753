import { once } from 'node:events';
import { createServer, Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

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

/** How long a test waits for what must come. Only a test that fails waits so long: a busy machine takes its time. */
const patience = 30_000;

/** Waits up to half a minute (or `milliseconds`) for a condition. @returns whether it became true */
export async function until(condition: () => unknown, milliseconds = patience): Promise<boolean> {
  const end = performance.now() + milliseconds;
  // A condition that came true is not asked again: an old process that is about to end might answer the next time.
  for (let pause = 5; !(await condition()); pause = Math.min(50, pause + 5)) {
    if (performance.now() > end) return false;
    await sleep(pause);
  }
  return true;
}

/** Asks up to half a minute (or `milliseconds`) until the answer is the expected one. @returns the last answer */
export async function answerSoon<T>(ask: () => T | Promise<T>, expected: unknown, milliseconds?: number): Promise<T> {
  let answer = await ask();
  const isExpected = () => isDeepStrictEqual(answer, expected);
  const again = async () => {
    answer = await ask();
    return isExpected();
  };
  if (!isExpected()) await until(again, milliseconds);
  return answer;
}
