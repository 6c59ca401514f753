/**
 * The unit that a limit by address counts: an IPv4 address, or the /64 of an IPv6 address, because one host often gets a
 * whole /64. Addresses that represent IPv4 ones (`::ffff:0:0/96`; RFC 6052, 6145: `64:ff9b::/32`) count one by one,
 * because all of them share the first half. The same as `$client_network` in nginx/gate/maps.conf.
 * @param address as nginx writes it in `X-Real-IP`
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || /^(?:::|64:ff9b:)/i.test(address)) return address;
  const [head = '', tail] = address.split('::');
  const first = head.split(':');
  const last = tail ? tail.split(':') : [];
  const missing = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
