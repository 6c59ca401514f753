import type { AddressCheck } from '../../../common/network/addresses.ts';
import { createPinnedFetch } from '../../../common/network/pinned-fetch.ts';
import { readBounded } from '../../../common/network/read-bounded.ts';
import { HostError, type Vetting, vettedAddresses } from '../../../common/network/vetted-addresses.ts';
import { ProviderFault } from './fault.ts';

/** One request: a method, headers and a form or text. */
export type Ask = (url: string, init?: AskInit) => Promise<Response>;
interface AskInit {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export interface OutsideOptions extends Pick<Vetting, 'resolve'> {
  /** Judges addresses by the settings, as for servers: private ones may be allowed. */
  check: AddressCheck;
  /** Allows public addresses only. */
  checkPublic: AddressCheck;
  /** Whether a proxy connects to https hosts: then it resolves their names, and no address can be vetted. */
  throughProxy: boolean;
  /** CA certificates in PEM; undefined for the system's. */
  ca?: string | undefined;
  deadlineMilliseconds?: number;
}

/** Real documents and token answers have a few kilobytes; JWTs with many groups have more. */
const largestAnswer = 65_536;
const usualDeadline = 5_000;
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export type Outside = ReturnType<typeof createOutside>;

/**
 * The only way to providers: vetted and pinned addresses, no redirects, few bytes, one deadline for each request.
 * @returns `fetchFor` makes the fetch for what an operator has named, such as an issuer. What a public host names in turn has to be
 *   public, too: its documents must not lead inside
 */
export function createOutside(options: OutsideOptions) {
  const { resolve, check, checkPublic, throughProxy, ca, deadlineMilliseconds = usualDeadline } = options;
  const isPublic = async (url: URL, signal: AbortSignal): Promise<boolean> =>
    await vettedAddresses(url.hostname, portOf(url), signal, { resolve, check: checkPublic }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof HostError && !error.isUnreachable) return false;
        throw error;
      },
    );
  return {
    fetchFor(named: string): Ask {
      const root = new URL(named);
      return async (address, init = {}) => {
        const url = new URL(address);
        refuseScheme(url);
        const deadline = AbortSignal.timeout(deadlineMilliseconds);
        const signal = init.signal ? AbortSignal.any([deadline, init.signal]) : deadline;
        const { method = 'GET', headers = {} } = init;
        // URLSearchParams, as openid-client gives it.
        const body = init.body == null ? undefined : String(init.body);
        const sent = { method, headers, ...(body !== undefined && { body }), signal };
        if (throughProxy && url.protocol === 'https:') return await bounded(await askProxy(url, root, sent));
        const isOwn = url.origin === root.origin || !(await isPublic(root, signal));
        const vetted = { resolve, check: isOwn ? check : checkPublic };
        const addresses = await vettedAddresses(hostOf(url), portOf(url), signal, vetted);
        const pinned = { origin: url.origin, addresses, ca, maxBytes: largestAnswer, signal };
        return await bounded(await createPinnedFetch(pinned)(url, sent));
      };
    },
  };
}

/** The proxy resolves names: only hosts that the operator has named may be asked through it. */
async function askProxy(url: URL, root: URL, init: RequestInit): Promise<Response> {
  if (url.hostname !== root.hostname)
    throw new ProviderFault(
      'unusable',
      `its document names ${url.hostname}, which a proxy would reach unvetted: make the entry static`,
    );
  return await fetch(url, { ...init, redirect: 'manual' });
}

function refuseScheme(url: URL): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.test(url.hostname))) return;
  throw new ProviderFault('unusable', 'an address of it is not https');
}

/** Without brackets, as resolvers take it. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

/** Reads the whole answer, so that no later step reads more than the limit or waits longer than the deadline. */
async function bounded(answer: Response): Promise<Response> {
  const bytes = await readBounded(answer, largestAnswer);
  if (!bytes) throw new ProviderFault('unusable', `it answers with more than ${largestAnswer} bytes`);
  const isEmpty = [204, 205, 304].includes(answer.status);
  return new Response(isEmpty ? null : new Uint8Array(bytes), { status: answer.status, headers: answer.headers });
}
