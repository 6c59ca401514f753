import type { AddressCheck } from '../../../common/network/addresses.ts';
import { createPinnedFetch } from '../../../common/network/pinned-fetch.ts';
import { readBounded } from '../../../common/network/read-bounded.ts';
import type { Resolver } from '../../../common/network/resolve.ts';
import { HostError, vettedAddresses } from '../../../common/network/vetted-addresses.ts';

/** Why a document could not be had: its host did not answer, or what it answered is no use. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly isUnreachable: boolean;
  constructor(reason: string, isUnreachable: boolean, cause?: unknown) {
    super(reason, { cause });
    this.isUnreachable = isUnreachable;
  }
}

/** Reads a client metadata document. @throws {DocumentError} */
export type FetchDocument = (url: URL) => Promise<{ text: string; maxAgeSeconds: number }>;

export interface DocumentFetchOptions {
  resolve: Resolver;
  check: AddressCheck;
  /** Whether a proxy connects to the host: then the proxy resolves its name, and no address can be vetted. */
  throughProxy: boolean;
  /** Bytes of the largest document; by default those of a client metadata document. */
  largest?: number;
  /** For tests: the port instead of 443, the CA, and the deadline. */
  port?: number;
  ca?: string;
  deadlineMilliseconds?: number;
}

/** As in the draft "OAuth Client ID Metadata Document", section 6.6. */
const largestDocument = 5_120;
const usualDeadline = 5_000;

/** Makes the fetch for documents of strangers: vetted addresses only, no redirects, few bytes, one deadline for all. */
export function createDocumentFetch(options: DocumentFetchOptions): FetchDocument {
  return async (url) => {
    const signal = AbortSignal.timeout(options.deadlineMilliseconds ?? usualDeadline);
    const unreachable = (cause: unknown) => {
      if (cause instanceof DocumentError) throw cause;
      if (cause instanceof HostError) throw new DocumentError(cause.message, cause.isUnreachable, cause);
      throw new DocumentError('its host does not answer', true, cause);
    };
    const answer = await (options.throughProxy ? askProxy(url, signal) : askHost(url, signal, options)).catch(
      unreachable,
    );
    if (answer.status !== 200) {
      await answer.body?.cancel().catch(() => undefined);
      throw new DocumentError(`its host answers HTTP ${answer.status}`, answer.status >= 500);
    }
    const text = await textOf(answer, options.largest ?? largestDocument).catch(unreachable);
    return { text, maxAgeSeconds: maxAgeOf(answer.headers.get('cache-control') ?? '') };
  };
}

const headers = { accept: 'application/json' };

async function askHost(url: URL, signal: AbortSignal, options: DocumentFetchOptions) {
  const { resolve, check, port = 443, ca, largest = largestDocument } = options;
  const addresses = await vettedAddresses(url.hostname, port, signal, { resolve, check });
  const target = new URL(url);
  target.port = String(port);
  // One byte more than a document may have, so that a longer one is noticed below.
  const maxBytes = largest + 1;
  const pinned = createPinnedFetch({ origin: target.origin, addresses, host: url.host, ca, maxBytes, signal });
  return await pinned(target, { headers });
}

async function askProxy(url: URL, signal: AbortSignal): Promise<Response> {
  return await fetch(url, { headers, redirect: 'manual', signal });
}

async function textOf(answer: Response, largest: number): Promise<string> {
  const bytes = await readBounded(answer, largest);
  if (!bytes) throw new DocumentError(`it has more than ${largest} bytes`, false);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DocumentError('it is not UTF-8', false, cause);
  }
}

function maxAgeOf(cacheControl: string): number {
  return Number(/(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl)?.[1] ?? 0);
}
