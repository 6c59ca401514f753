import * as z from 'zod';
import { createPinnedFetch, type PinnedFetchOptions } from '../../../common/network/pinned-fetch.ts';
import { readBounded } from '../../../common/network/read-bounded.ts';

/** Such a document is a few lines long. */
const longestDocument = 16 * 1024;
const longestIssuer = 500;
/** A server that has just refused a request answers at once. */
const milliseconds = 2_000;

/** RFC 9728 section 2. */
const metadata = z.object({ authorization_servers: z.array(z.string().max(longestIssuer)).min(1).max(50) });

/**
 * Asks a server that refused a request without a credential who gives people accounts for it: its protected resource metadata
 * (RFC 9728 section 3.1), below its path or at the root. A hostile server may name any issuer: it is for showing only.
 * @param path of the endpoint that refused
 * @returns `issuer` as the server claims it, or null if it names none that could be one; undefined without such a document
 */
export async function claimedIssuer(
  target: Omit<PinnedFetchOptions, 'maxBytes' | 'signal'>,
  path: string,
): Promise<{ issuer: string | null } | undefined> {
  const ended = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(milliseconds), ended.signal]);
  const fetch = createPinnedFetch({ ...target, maxBytes: 2 * longestDocument, signal });
  const { pathname } = new URL(path, target.origin);
  try {
    for (const below of new Set([pathname === '/' ? '' : pathname, ''])) {
      const answer = await fetch(`${target.origin}/.well-known/oauth-protected-resource${below}`);
      const read = answer.status === 200 ? metadata.safeParse(await jsonOf(answer)) : undefined;
      if (read?.success) return { issuer: usable(read.data.authorization_servers[0] ?? '') };
      await answer.body?.cancel();
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    ended.abort();
  }
}

async function jsonOf(answer: Response): Promise<unknown> {
  const bytes = await readBounded(answer, longestDocument);
  return bytes && JSON.parse(bytes.toString('utf8'));
}

function usable(claimed: string): string | null {
  const url = URL.parse(claimed);
  const isIssuer = url && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash;
  return isIssuer ? url.href.replace(/\/$/, '') : null;
}
