import { connect } from 'node:net';
import { vettedAddresses } from '../../../common/network/vetted-addresses.ts';
import type { DocumentFetchOptions } from './document-fetch.ts';

const deadlineMilliseconds = 2_000;
const goodMilliseconds = 3_600_000;
const badMilliseconds = 60_000;

/**
 * Tells whether this machine has a way out to one of the hosts, by a connection that sends nothing. Asked when it is
 * first needed, and again in the background after an hour, or a minute if there was none.
 * @param hosts whose client metadata documents matter; without any the answer is no
 * @param now milliseconds of a monotonic clock
 */
export function createReachable(
  hosts: readonly string[],
  options: DocumentFetchOptions,
  now = () => performance.now(),
): () => Promise<boolean> {
  let last: { isReachable: boolean; at: number } | undefined;
  let asking: Promise<boolean> | undefined;
  const ask = async () => {
    const isReachable = await Promise.any(hosts.map((host) => knock(host, options))).catch(() => false);
    last = { isReachable, at: now() };
    asking = undefined;
    return isReachable;
  };
  return async () => {
    // The proxy would answer for its hosts, not the hosts.
    if (hosts.length === 0 || options.throughProxy) return hosts.length > 0;
    const isFresh = last && now() - last.at < (last.isReachable ? goodMilliseconds : badMilliseconds);
    if (!isFresh) asking ??= ask();
    return last?.isReachable ?? (await asking) ?? false;
  };
}

async function knock(host: string, options: DocumentFetchOptions): Promise<true> {
  const port = options.port ?? 443;
  const signal = AbortSignal.timeout(options.deadlineMilliseconds ?? deadlineMilliseconds);
  const [first = ''] = await vettedAddresses(host, port, signal, options);
  const ip = first.slice(0, first.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const { promise, resolve, reject } = Promise.withResolvers<true>();
  const socket = connect({ host: ip, port, signal });
  socket.once('connect', () => resolve(true));
  socket.once('error', reject);
  return await promise.finally(() => socket.destroy());
}
