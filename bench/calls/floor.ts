// The baseline: Node's http server reads a body, parses it and answers 200.
import { createServer, type RequestListener } from 'node:http';

const [, , port, socket] = process.argv;
const listener: RequestListener = (req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString());
    res.writeHead(200, { 'Content-Length': 0 }).end();
  });
};
for (const where of [{ port: Number(port), host: '127.0.0.1' }, ...(socket ? [{ path: socket }] : [])]) {
  const server = createServer(listener);
  server.keepAliveTimeout = 75_000;
  server.listen({ ...where, readableAll: true, writableAll: true });
}
