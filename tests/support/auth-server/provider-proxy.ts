import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A proxy between the auth-server and its identity provider that makes the provider slow or unreachable. */
export interface ProviderProxy {
  url: string;
  /** Delay of each answer in milliseconds. */
  delayMilliseconds: number;
  /** Whether connections are closed before an answer. */
  down: boolean;
  /** Number of token requests. */
  tokenRequests: number;
  close(): Promise<void>;
}

/** @param provider URL of the real provider */
export async function startProviderProxy(provider: string): Promise<ProviderProxy> {
  const server = createServer(async (req, res) => {
    const path = req.url ?? '/';
    if (path.startsWith('/oauth2/token')) proxy.tokenRequests++;
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    await sleep(proxy.delayMilliseconds, undefined, { ref: false });
    if (proxy.down) return void req.socket.destroy();
    const { authorization, 'content-type': type } = req.headers;
    const headers = { ...(authorization && { authorization }), ...(type && { 'content-type': type }) };
    const body = req.method === 'POST' ? Buffer.concat(chunks) : null;
    const answer = await fetch(provider + path, { method: req.method ?? 'GET', headers, body }).catch(() => undefined);
    if (!answer) return void req.socket.destroy();
    res.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    res.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: ProviderProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delayMilliseconds: 0,
    down: false,
    tokenRequests: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}
