import { lookup } from 'node:dns/promises';

/** Finds the IP addresses of a host name. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** The system's resolver, including `/etc/hosts`. */
export const systemResolver: Resolver = async (host) =>
  (await lookup(host, { all: true })).map((found) => found.address);
