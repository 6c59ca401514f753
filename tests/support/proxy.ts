import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/**
 * A small HTTP proxy (RFC 9110 section 9.3.6): it tunnels, and forwards plain requests. It knows no names: everything that
 * it is asked for is at one local port.
 * @param port of 127.0.0.1, where every host is
 * @returns its URL, and the `host:port` of each request so far
 */
export async function startProxy(port: number) {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '');
    asked.push(url.host);
    const onward = request(
      { port, host: '127.0.0.1', method: req.method, path: url.pathname + url.search },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502);
        answer.pipe(res);
      },
    );
    req.pipe(onward);
  });
  server.on('connect', (req, socket, head) => {
    asked.push(req.url ?? '');
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const each of [socket, onward]) each.on('error', () => each.destroy());
    sockets.add(onward);
  });
  server.on('connection', (socket) => void sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
