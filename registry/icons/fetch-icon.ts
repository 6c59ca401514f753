import { createPinnedFetch } from '../../common/network/pinned-fetch.ts';
import { mostIconBytes } from '../servers/icon-source.ts';

/** Where the icon of a server may come from. */
export interface IconOrigin {
  /** The server's own origin. */
  origin: string;
  /** The vetted `ip:port` addresses of that origin. */
  addresses: readonly string[];
  host?: string | undefined;
  /** CA certificates in PEM that verify the origin; undefined for the system's. */
  ca?: string | undefined;
}

/**
 * Fetches an icon. MCP 2025-11-25 ("Icons", security considerations): only from the server's own origin, without credentials,
 * and without following redirects. It connects to vetted addresses only.
 * @param source an `http:` or `https:` address, or a `data:` URI in base64
 * @returns its bytes, at most 64 kB
 * @throws if it comes from elsewhere, is larger, or the server does not answer 200
 */
export async function fetchIcon(source: string, from: IconOrigin, signal: AbortSignal): Promise<Buffer> {
  if (source.startsWith('data:')) return bounded(Buffer.from(source.slice(source.indexOf(',') + 1), 'base64'));
  const url = new URL(source);
  if (url.username || url.password) throw new TypeError('its address has a user name');
  const ended = new AbortController();
  const signals = AbortSignal.any([signal, ended.signal]);
  try {
    const fetch = createPinnedFetch({ ...from, maxBytes: mostIconBytes, signal: signals });
    const answer = await fetch(url, { headers: { accept: 'image/png, image/jpeg, image/webp' } });
    if (answer.status !== 200) throw new TypeError(`the server answered HTTP ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  } finally {
    ended.abort();
  }
}

function bounded(bytes: Buffer): Buffer {
  if (bytes.length > mostIconBytes) throw new RangeError(`more than ${mostIconBytes} bytes`);
  return bytes;
}
