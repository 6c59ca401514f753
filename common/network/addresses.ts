import { BlockList, isIP } from 'node:net';

/** One network, such as `10.0.0.0/8`. */
export interface Cidr {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

/** Which addresses may be an MCP server's. */
export interface AddressRules {
  /** Private networks that servers may be in. Private addresses outside of them are refused. */
  allowPrivate: readonly Cidr[];
  /** The gateway's own ports, refused on loopback. */
  ownPorts: ReadonlySet<number>;
}

/** Returns why `ip`:`port` may not be an upstream; undefined if it may. */
export type AddressCheck = (ip: string, port: number) => string | undefined;

// Cloud metadata services outside of the link-local networks: Alibaba, Azure, Oracle; AWS, Google, Oracle, Scaleway. No
// setting allows them.
const metadata = blockList(
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fe80::/10',
  'fd00:ec2::/32',
  'fd20:ce::/64',
  'fd00:c1::a9fe:a9fe/128',
  'fd00:42::42/128',
);
const metadataReason = 'is a link-local or cloud metadata address';
const specialReason = 'is not the address of one host';
const loopbackNetworks = ['127.0.0.0/8', '::1/128'];
const loopback = blockList(...loopbackNetworks);
const closed = blockList(
  ...loopbackNetworks,
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
);
// IANA's special-purpose registries (RFC 6890) without the networks above, and multicast: protocols, relays,
// documentation, benchmarks, translators, tunnels.
const special = blockList(
  '0.0.0.0/8',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
);
// All other IPv6 addresses are refused, known or not: the rest of the space is for special purposes (RFC 4291 §2.4).
const usableIpv6 = blockList('2000::/3', 'fc00::/7', '::1/128');

/**
 * Reads a network in CIDR notation (RFC 4632, RFC 4291 §2.3).
 * @returns the network, or undefined if `text` is not one
 */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  const prefix = Number(digits);
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/**
 * Makes the check for resolved upstream addresses. It allows global unicast addresses, and the private networks and
 * loopback addresses in `rules.allowPrivate`. No setting allows metadata services, link-local addresses, special-purpose
 * addresses, addresses that embed an IPv4 address for a translator or tunnel, or the gateway's own ports on loopback.
 */
export function createAddressCheck(rules: AddressRules): AddressCheck {
  const allowed = new BlockList();
  for (const { address, prefix, family } of rules.allowPrivate) allowed.addSubnet(address, prefix, family);

  return (ip, port) => {
    const version = isIP(ip);
    if (version === 0 || ip.includes('%')) return 'is not a plain IP address';
    const reason = version === 4 ? forbiddenIpv4(ip) : forbiddenIpv6(ip);
    if (reason !== undefined) return reason;
    const within = (networks: BlockList) => networks.check(ip, version === 4 ? 'ipv4' : 'ipv6');
    if (within(loopback) && rules.ownPorts.has(port)) return `is the gateway's own port ${port}`;
    if (within(closed) && !within(allowed)) return 'is a private address outside of ALLOW_PRIVATE_UPSTREAMS';
    return undefined;
  };
}

function forbiddenIpv4(ip: string): string | undefined {
  if (metadata.check(ip)) return metadataReason;
  return special.check(ip) ? specialReason : undefined;
}

function forbiddenIpv6(ip: string): string | undefined {
  const groups = groupsOf(ip);
  if (isMapped(groups)) return 'is an IPv4 address written as IPv6';
  if (metadata.check(ip, 'ipv6')) return metadataReason;
  if (special.check(ip, 'ipv6') || !usableIpv6.check(ip, 'ipv6') || isIsatap(groups)) return specialReason;
  return endsInMetadata(groups) ? metadataReason : undefined;
}

/** The eight 16-bit groups of an IPv6 address. It has many spellings, which the URL parser normalizes. */
function groupsOf(ip: string): number[] {
  const plain = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = plain.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}

/** `::ffff:0:0/96` (RFC 4291 §2.5.5.2). */
function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

/**
 * Whether the last 64 bits are the IPv4 address of a metadata service. A translator with a prefix of its own (RFC 6052
 * §2.2) makes it that service's address.
 */
function endsInMetadata([, , , , zero, zeroToo, high = 0, low = 0]: readonly number[]): boolean {
  const ipv4 = [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  return zero === 0 && zeroToo === 0 && metadata.check(ipv4);
}

/** The interface identifier of a tunnel over IPv4, with any values of its u and g bits (RFC 5214 §6.1). */
function isIsatap([, , , , first = 0, second]: readonly number[]): boolean {
  return (first & ~0x0300) === 0 && second === 0x5efe;
}

function blockList(...networks: readonly string[]): BlockList {
  const result = new BlockList();
  for (const text of networks) {
    const cidr = parseCidr(text);
    if (!cidr) throw new TypeError(`${text} is not a network`);
    result.addSubnet(cidr.address, cidr.prefix, cidr.family);
  }
  return result;
}
