import { type IncomingHttpHeaders, request } from 'node:http';
import { until } from '../listen.ts';
import type { Sent } from './send.ts';

/** A stream that is being received. */
export interface OpenStream {
  status: number;
  headers: IncomingHttpHeaders;
  /** The text received so far. */
  text(): string;
  isOpen(): boolean;
  /** When it ended, on performance.now()'s clock. */
  ended: Promise<number>;
  /** Waits until its text contains this. */
  holds(part: string): Promise<void>;
  close(): void;
}

/** Sends a request and returns as soon as its answer has begun. */
export function openStream(port: number, { method = 'GET', path, headers = {}, body }: Sent): Promise<OpenStream> {
  const all = {
    host: `localhost:${port}`,
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, method, path, headers: all, agent: false }, (res) => {
      let text = '';
      let open = true;
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      res.on('error', () => {});
      const ended = new Promise<number>((done) => {
        res.once('close', () => {
          open = false;
          done(performance.now());
        });
      });
      const holds = async (part: string) => {
        if (!(await until(() => text.includes(part)))) throw new Error(`"${part}" has not come, but: ${text}`);
      };
      const { statusCode = 0, headers: received } = res;
      resolve({
        status: statusCode,
        headers: received,
        text: () => text,
        isOpen: () => open,
        ended,
        holds,
        close: () => req.destroy(),
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}
