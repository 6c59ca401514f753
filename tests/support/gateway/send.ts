import { request } from 'node:http';
import { connect } from 'node:net';

/** An answer with the bytes as received. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** The gateway's code if it denied the request, because a refusal of one call has the status 200; else the status. */
export function verdictOf({ status, headers }: Answer): number | string {
  const code = headers['x-deny-code'];
  return typeof code === 'string' ? code : status;
}

export interface Sent {
  method?: string;
  path: string;
  /** Each value of a list is sent as a separate line. */
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

/** Sends a request exactly as given: no normalised path, no merged header lines. */
export function send(port: number, { method = 'POST', path, headers = {}, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = {
      host: `localhost:${port}`,
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    };
    const req = request({ host: '127.0.0.1', port, method, path, headers: all, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** Sends raw bytes in the given pieces. @returns the first answer, or everything until the connection ended */
export function sendBytes(port: number, pieces: Iterable<string | Buffer>): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) socket.destroy();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', () => resolve(text));
    void (async () => {
      for (const piece of pieces) if (!socket.write(piece)) await new Promise((go) => socket.once('drain', go));
    })();
  });
}

function isWhole(answer: string): boolean {
  const [head = '', body] = answer.split('\r\n\r\n', 2);
  return body !== undefined && body.length >= Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
}

/** A JSON-RPC request body. */
export function rpc(method: string, params?: object, id: string | number = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, ...(params && { params }) });
}
