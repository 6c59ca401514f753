import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Requests of different callers, each sent once. wrk would send one and the same. */
export interface Drive {
  port: number;
  count: number;
  /** The text of a request. */
  requestOf: (index: number) => string;
  /** How many are open at a time. */
  lanes?: number;
}

/**
 * Sends requests over a few connections that stay open.
 * @returns how many were refused because the decision took too long
 * @throws at the first other answer than 200
 */
export async function drive({ port, count, requestOf, lanes = 16 }: Drive): Promise<number> {
  let [next, refused] = [0, 0];
  const lane = async () => {
    while (next < count) {
      const socket = connect(port, '127.0.0.1').setNoDelay();
      try {
        await once(socket, 'connect');
        refused += await answers(socket, () => (next < count ? requestOf(next++) : undefined));
      } finally {
        socket.destroy();
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return refused;
}

/** Sends each request after the answer to the last one, until the server wants no more here. @returns how many were too slow */
function answers(socket: Socket, next: () => string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    let [text, refused] = ['', 0];
    const send = () => {
      const request = next();
      if (request === undefined) return resolve(refused);
      socket.write(request);
    };
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const length = lengthOf(text);
      if (length === undefined || text.length < length) return;
      const isSlow = text.includes('\r\nX-Deny-Code: decision_too_slow\r\n');
      if (isSlow) refused++;
      else if (!text.startsWith('HTTP/1.1 200 ')) return reject(new Error(`unexpected answer: ${text.slice(0, 300)}`));
      if (/\r\nconnection: close\r\n/i.test(text)) return resolve(refused);
      text = '';
      send();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    send();
  });
}

/** The length of the whole answer in bytes; undefined if its headers are not complete. */
function lengthOf(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [, body] = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end + 2)) ?? [];
  if (body !== undefined) return end + 4 + Number(body);
  // Chunked, which ends with an empty chunk.
  const last = text.indexOf('0\r\n\r\n', end + 4);
  return last < 0 ? undefined : last + 5;
}
