import { isIPv6, type LookupFunction } from 'node:net';

/**
 * A DNS lookup with a fixed answer: connections made with it go to these addresses only. An ordinary lookup would resolve
 * the name again, and a name that pointed to a public address when it was vetted could now point to a metadata service
 * (DNS rebinding).
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
