import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Sent } from '../case.ts';

/** An answer as it came in, and how it ended. */
export interface Collected {
  /** 0 if there was none. */
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** `open`: still open when the time was up or enough was read. */
  end: 'complete' | 'cut' | 'open';
  milliseconds: number;
}

/** What is read of an answer: more shows nothing new. */
const enoughBytes = 4_000_000;

/**
 * Sends a request and reads its answer for a time.
 * @param signal ends the reading early
 * @param until text that ends the reading
 */
export function collect(
  url: URL,
  { method = 'POST', path = '/', headers = {}, body }: Sent,
  milliseconds: number,
  signal?: AbortSignal,
  until?: string,
): Promise<Collected> {
  const began = performance.now();
  const given = Object.entries(headers).filter(([, value]) => value !== undefined) as [string, string][];
  const all = {
    ...Object.fromEntries(given),
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
  };
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    let answer: IncomingMessage | undefined;
    const done = (end: Collected['end']) => {
      clearTimeout(timer);
      const { statusCode: status = 0, headers: received = {} } = answer ?? {};
      resolve({ status, headers: received, body: Buffer.concat(parts), end, milliseconds: performance.now() - began });
      req.destroy();
    };
    const req = httpRequest({
      host: '127.0.0.1',
      port: url.port || 80,
      method,
      path,
      headers: { host: url.host, ...all },
      agent: false,
    });
    const timer = setTimeout(() => done('open'), milliseconds);
    signal?.addEventListener('abort', () => done('open'), { once: true });
    req.once('response', (found) => {
      answer = found;
      found.on('data', (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length > enoughBytes || (until !== undefined && Buffer.concat(parts).includes(until))) done('open');
      });
      found.once('close', () => done(found.complete ? 'complete' : 'cut'));
    });
    req.once('upgrade', (found) => {
      answer = found;
      done('open');
    });
    req.on('error', () => done('cut'));
    req.end(body);
  });
}
