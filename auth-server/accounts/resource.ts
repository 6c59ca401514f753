import { endpointsOf, parseServerAddress } from '../../common/upstream-secrets/server-address.ts';

/** A server's MCP address, which tokens are for (RFC 8707). @param address the server's whole address */
export function resourceIn(address: string): string | undefined {
  const location = parseServerAddress(address);
  return location && endpointsOf(location)[0];
}
