import { isIPv6, type LookupFunction } from 'node:net';

/**
 * A name look-up that knows the answer: connections made with it go to these addresses, whatever the name says now. The
 * ordinary one would resolve the name once more, and a name that points to a public address while it is vetted could
 * then point to a metadata service (DNS rebinding).
 * @param addresses vetted `ip:port`, IPv6 in brackets
 */
export function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((text) => {
    const address = text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    return { address, family: isIPv6(address) ? 6 : 4 };
  });
  return (_host, options, callback) => {
    const [first] = found;
    if (!first) return callback(Object.assign(new Error('no vetted address'), { code: 'ENOTFOUND' }), '', 4);
    if (options.all) return callback(null, found);
    callback(null, first.address, first.family);
  };
}
