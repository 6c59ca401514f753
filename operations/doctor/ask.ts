/** Sends one request. Redirects are returned, not followed. */
export type Ask = (url: string, init?: RequestInit) => Promise<Response>;

const timeoutMilliseconds = 5_000;

/**
 * A `fetch` for the doctor: each request has a time limit, and only these origins are allowed.
 * @param origins where requests may go, as origins (`https://host`)
 * @param standIn the local stand-in's address, to which all requests go if the pool is its own: its URLs name Amazon's host
 */
export function createAsk(origins: Iterable<string>, standIn?: string): { ask: Ask; allow(url: string): void } {
  const allowed = new Set(origins);
  const ask: Ask = async (url, init) => {
    const { origin, pathname, search } = new URL(url);
    if (!allowed.has(origin)) throw new Error(`${origin} is not a place to ask`);
    const target = standIn === undefined ? url : new URL(pathname + search, standIn);
    return await fetch(target, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMilliseconds) });
  };
  return { ask, allow: (url) => void allowed.add(new URL(url).origin) };
}

/** Why a request failed, in a few words: `ENOTFOUND`, `no answer in 5 s`. */
export function reasonOf(error: unknown): string {
  const { name, cause, message } = error as { name?: string; cause?: unknown; message?: string };
  if (name === 'TimeoutError') return `no answer in ${timeoutMilliseconds / 1000} s`;
  const inner = (cause ?? error) as { code?: string; message?: string };
  return inner.code ?? inner.message ?? message ?? 'unknown';
}

/** HTTP Basic credentials of an app client (RFC 6749 section 2.3.1). */
export function basic(id: string, secret: string): string {
  const pair = [id, secret].map(encodeURIComponent).join(':');
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** The JSON of an answer, or undefined if it is not JSON. */
export async function jsonOf(response: Response): Promise<unknown> {
  return await response.json().catch(() => undefined);
}
