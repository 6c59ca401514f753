import { BlockList } from 'node:net';
import { createAddressCheck, parseCidr } from '../../../../common/network/addresses.ts';

/**
 * IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), as of 2025-10, without the networks that
 * ALLOW_PRIVATE_UPSTREAMS governs. Added: multicast, and the deprecated ranges of RFC 4291 and RFC 3879.
 */
const specialPurpose = [
  '0.0.0.0/8',
  '0.0.0.0/32',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.0.0/29',
  '192.0.0.8/32',
  '192.0.0.9/32',
  '192.0.0.10/32',
  '192.0.0.170/32',
  '192.0.0.171/32',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.88.99.2/32',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::/96',
  '::ffff:0:0/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '200::/7',
  '2001::/23',
  '2001::/32',
  '2001:1::1/128',
  '2001:1::2/128',
  '2001:1::3/128',
  '2001:2::/48',
  '2001:3::/32',
  '2001:4:112::/48',
  '2001:10::/28',
  '2001:20::/28',
  '2001:30::/28',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
  '4000::/3',
  '5f00::/16',
  '8000::/1',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];
/** The networks inside those above that the setting governs. */
const governed = blockList(['127.0.0.0/8', '::1/128', 'fc00::/7']);

const wide = ['0.0.0.0/0', '::/0'].flatMap((text) => parseCidr(text) ?? []);
const check = createAddressCheck({ allowPrivate: wide, ownPorts: new Set() });

test.each(specialPurpose)('No setting allows an address of %s: its first, its last, or one between', (network) => {
  for (const ip of samplesOf(network).filter((each) => !governed.check(each, each.includes(':') ? 'ipv6' : 'ipv4')))
    expect([ip, check(ip, 443)]).toEqual([ip, expect.stringMatching(/^is /)]);
});

test.each([
  ['AWS', 'fd00:ec2::254'],
  ['AWS, credentials of pods', 'fd00:ec2::23'],
  ['AWS, another service of the host', 'fd00:ec2::253'],
  ['Google', 'fd20:ce::254'],
  ['Oracle, over IPv6', 'fd00:c1::a9fe:a9fe'],
  ['Oracle, over IPv4', '192.0.0.192'],
  ['Scaleway', 'fd00:42::42'],
  ['Alibaba', '100.100.100.200'],
  ['Azure', '168.63.129.16'],
  ['Scaleway, over IPv4', '169.254.42.42'],
  ['AWS, credentials of containers', '169.254.170.2'],
  ['OpenStack', 'fe80::a9fe:a9fe'],
  ['another spelling', 'FD00:0EC2:0:0:0:0:0:254'],
  ['behind a translator in a private network', 'fd12:64::169.254.169.254'],
  ['behind a translator with a public prefix', '2a00:1234:64::6464:64c8'],
])('No setting allows the metadata service of %s: %s', (_whose, ip) => {
  expect(check(ip, 80)).toBe('is a link-local or cloud metadata address');
});

test.each([
  ['IPv4-mapped', '::ffff:8.8.8.8'],
  ['IPv4-translated', '::ffff:0:8.8.8.8'],
  ['IPv4-compatible', '::8.8.8.8'],
  ['NAT64', '64:ff9b::8.8.8.8'],
  ['local NAT64', '64:ff9b:1::8.8.8.8'],
  ['6to4', '2002:808:808::1'],
  ['Teredo', '2001:0:808:808::1'],
  ['ISATAP', '2a00:1450::5efe:7f00:1'],
  ['ISATAP with the u bit', '2a00:1450::200:5efe:10.0.0.1'],
  ['ISATAP with the u and g bits, in a private network', 'fd12::300:5efe:10.0.0.1'],
])('No setting allows an %s address: %s', (_kind, ip) => {
  expect(check(ip, 443)).toMatch(/^is (not the address of one host|an IPv4 address written as IPv6)$/);
});

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '93.184.215.14',
  '168.63.129.15',
  '192.0.1.1',
  '192.31.195.255',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.255',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2003::1',
  '2600::',
  '2606:4700:4700::1111',
  '2a00:1450:4001:81b::200e',
  '2a00:1450::5eff:7f00:1',
  '3ffe:ffff::1',
])('%s is a public address, which needs no setting', (ip) => {
  expect(createAddressCheck({ allowPrivate: [], ownPorts: new Set() })(ip, 443)).toBeUndefined();
});

test.each([
  '127.0.0.1',
  '::1',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  'fc00::1',
  'fd00:42::43',
  'fd12::1',
])('%s needs the setting, and the setting is enough', (ip) => {
  expect(createAddressCheck({ allowPrivate: [], ownPorts: new Set() })(ip, 443)).toMatch(/ALLOW_PRIVATE_UPSTREAMS/);
  expect(check(ip, 443)).toBeUndefined();
});

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networks.flatMap((text) => parseCidr(text) ?? []))
    list.addSubnet(address, prefix, family);
  return list;
}

/** The first and last address of a network, the second, the last but one, and the one in the middle. */
function samplesOf(network: string): string[] {
  const { address, prefix, family } = parseCidr(network) ?? { address: '', prefix: 0, family: 'ipv4' };
  const bits = family === 'ipv4' ? 32 : 128;
  const first = numberOf(address, family);
  const last = first + (1n << BigInt(bits - prefix)) - 1n;
  const inside = [first, first + 1n, (first + last) / 2n, last - 1n, last].filter((n) => n >= first && n <= last);
  return inside.map((n) => textOf(n, family));
}

function numberOf(address: string, family: string): bigint {
  if (family === 'ipv4') return address.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function textOf(number: bigint, family: string): string {
  if (family === 'ipv4') return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 255n)).join('.');
  return Array.from({ length: 8 }, (_, i) => ((number >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
}
