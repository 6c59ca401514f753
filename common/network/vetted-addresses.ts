import type { AddressCheck } from './addresses.ts';
import type { Resolver } from './resolve.ts';

/** A host has no address that may be asked. */
export class HostError extends Error {
  override readonly name = 'HostError';
  /** Whether it may have one later. */
  readonly isUnreachable: boolean;
  constructor(reason: string, isUnreachable: boolean, cause?: unknown) {
    super(reason, { cause });
    this.isUnreachable = isUnreachable;
  }
}

/** How names are resolved and addresses judged. */
export interface Vetting {
  resolve: Resolver;
  check: AddressCheck;
}

/**
 * Resolves a host. One refused address refuses the host: which one a connection takes is chance.
 * @returns `ip:port`, IPv6 in brackets
 * @throws {HostError} if an address is refused or there is none; the resolver's errors; the signal's reason when it aborts
 */
export async function vettedAddresses(
  host: string,
  port: number,
  signal: AbortSignal,
  { resolve, check }: Vetting,
): Promise<string[]> {
  const late = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const ips = await Promise.race([resolve(host), late]);
  if (ips.length === 0) throw new HostError('its host has no address', true);
  for (const ip of ips) if (check(ip, port) !== undefined) throw new HostError('its host is not public', false);
  return ips.map((ip) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`));
}
