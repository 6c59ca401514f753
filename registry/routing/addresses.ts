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

const metadata = blockList(
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
);
// NAT64 and 6to4 embed an IPv4 address: through a translator they reach what the IPv4 rules refuse.
const unusable = blockList(
  '0.0.0.0/8',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'ff00::/8',
  '64:ff9b::/96',
  '2002::/16',
);
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
 * Makes the check for resolved upstream addresses. It refuses metadata services, link-local addresses, addresses that are
 * no single host, the gateway's own ports, and private networks that are not allowed.
 */
export function createAddressCheck(rules: AddressRules): AddressCheck {
  const allowed = new BlockList();
  for (const { address, prefix, family } of rules.allowPrivate) allowed.addSubnet(address, prefix, family);

  return (ip, port) => {
    const version = isIP(ip);
    if (version === 0 || ip.includes('%')) return 'is not a plain IP address';
    const family = version === 4 ? 'ipv4' : 'ipv6';
    const within = (networks: BlockList) => networks.check(ip, family);
    if (family === 'ipv6' && isMapped(ip)) return 'is an IPv4 address written as IPv6';
    if (within(metadata)) return 'is a link-local or cloud metadata address';
    if (within(unusable)) return 'is not the address of one host';
    if (within(loopback) && rules.ownPorts.has(port)) return `is the gateway's own port ${port}`;
    if (within(closed) && !within(allowed)) return 'is a private address outside of ALLOW_PRIVATE_UPSTREAMS';
    return undefined;
  };
}

/** Mapped addresses have many spellings, which the URL parser normalizes. */
function isMapped(ip: string): boolean {
  return URL.parse(`http://[${ip}]`)?.hostname.startsWith('[::ffff:') ?? true;
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
