import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import type { FetchLike } from '@modelcontextprotocol/client';
import { decodedBody } from '../answers/decoded-body.ts';
import { UnreadableAnswer } from '../answers/limits.ts';
import { http } from './http.ts';
import { pinnedLookup } from './pinned-lookup.ts';

/** A server sent more than the limit. */
export class TooMuchError extends UnreadableAnswer {
  override readonly name = 'TooMuchError';
  constructor(bytes: number) {
    super(`more than ${bytes} bytes`);
  }
}

export interface PinnedFetchOptions {
  /** The only origin that may be requested. */
  origin: string;
  /** The vetted `ip:port` addresses of that origin. */
  addresses: readonly string[];
  /** The Host header, if it is not the host of the origin. */
  host?: string | undefined;
  /** Credential headers, sent with every request to the origin and nowhere else. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** CA certificates in PEM that verify the origin; undefined for the system's. */
  ca?: string | undefined;
  /** The limit for all answers together. */
  maxBytes: number;
  /** Told of a redirect, which is not followed: its Location as sent. */
  onRedirect?: ((location: string) => void) | undefined;
  /** Aborts every request. */
  signal: AbortSignal;
}

/** Makes a fetch that connects to vetted addresses only, and does not follow redirects. */
export function createPinnedFetch({
  origin,
  addresses,
  host,
  headers: own,
  ca,
  maxBytes,
  onRedirect,
  signal,
}: PinnedFetchOptions): FetchLike {
  const lookup = pinnedLookup(addresses);
  let read = 0;
  const count = (chunk: Uint8Array): void => {
    read += chunk.byteLength;
    if (read > maxBytes) throw new TooMuchError(maxBytes);
  };

  return (input, init = {}) => {
    const url = new URL(input);
    if (url.origin !== origin) return Promise.reject(new TypeError('a request would have left the server it is for'));
    const sent = new Headers(init.headers);
    for (const [name, value] of Object.entries(own ?? {})) sent.set(name, value);
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const request = (url.protocol === 'https:' ? httpsRequest : http.request)(url, {
      method: init.method ?? 'GET',
      headers: { ...Object.fromEntries(sent), ...(host !== undefined && { host }) },
      // By default Node would verify the certificate for the Host header.
      servername: isIP(url.hostname.replace(/[[\]]/g, '')) ? '' : url.hostname,
      agent: false,
      lookup,
      ...(ca !== undefined && { ca }),
      signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal,
    });
    request.once('error', reject);
    request.once('response', (answer) => {
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 599) {
        answer.destroy();
        return reject(new TypeError(`the server answered HTTP ${status}`));
      }
      // The MCP client would follow the redirect, and report a server as healthy that is broken for the gateway's callers.
      if (answer.headers.location !== undefined) onRedirect?.(answer.headers.location);
      delete answer.headersDistinct.location;
      let decoded: Readable;
      try {
        decoded = decodedBody(answer);
      } catch (error) {
        answer.destroy();
        return reject(error as Error);
      }
      delete answer.headersDistinct['content-encoding'];
      const headers = Object.entries(answer.headersDistinct).flatMap(([name, values]) =>
        (values ?? []).map((value): [string, string] => [name, value]),
      );
      const empty = status === 204 || status === 205 || status === 304;
      if (empty) answer.resume();
      const body = empty ? null : counted(Readable.toWeb(decoded) as ReadableStream<Uint8Array>, count);
      resolve(new Response(body, { status, headers }));
    });
    request.end(typeof init.body === 'string' ? init.body : undefined);
    return promise;
  };
}

function counted(body: ReadableStream<Uint8Array>, count: (chunk: Uint8Array) => void): ReadableStream<Uint8Array> {
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      count(chunk);
      controller.enqueue(chunk);
    },
  });
  return body.pipeThrough(counter);
}
