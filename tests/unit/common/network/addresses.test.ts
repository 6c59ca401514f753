import { createAddressCheck, parseCidr } from '../../../../common/network/addresses.ts';

const cidrs = (text: string) => text.split(',').flatMap((item) => parseCidr(item) ?? []);
const allowPrivate = cidrs('127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7');
const check = createAddressCheck({ allowPrivate, ownPorts: new Set([8080, 8888, 7860, 7870, 9500]) });

test.each([
  ['8.8.8.8', 443],
  ['2606:4700::1111', 443],
  ['8.8.8.8', 8888],
  ['127.0.0.1', 8000],
  ['::1', 8000],
  ['10.1.2.3', 80],
  ['10.1.2.3', 8080],
  ['172.31.255.255', 80],
  ['192.168.1.1', 80],
  ['fd12::1', 80],
])('%s port %i may be an upstream', (ip, port) => {
  expect(check(ip, port)).toBeUndefined();
});

test.each([
  ['169.254.169.254', 80, /metadata/],
  ['169.254.0.1', 80, /link-local/],
  ['fe80::1', 80, /link-local/],
  ['febf::1', 80, /link-local/],
  ['fe80::1%eth0', 80, /not a plain IP/],
  ['fd00:ec2::254', 80, /metadata/],
  ['fd00:0ec2:0:0::0254', 80, /metadata/],
  ['100.100.100.200', 80, /metadata/],
  ['::ffff:169.254.169.254', 80, /IPv4 address written as IPv6/],
  ['::FFFF:a9fe:a9fe', 80, /IPv4 address written as IPv6/],
  ['0:0:0:0:0:ffff:127.0.0.1', 8888, /IPv4 address written as IPv6/],
  ['64:ff9b::a9fe:a9fe', 80, /not the address of one host/],
  ['2002:a9fe:a9fe::1', 80, /not the address of one host/],
  ['0.0.0.0', 8000, /not the address of one host/],
  ['0.1.2.3', 8000, /not the address of one host/],
  ['::', 8000, /not the address of one host/],
  ['224.0.0.1', 80, /not the address of one host/],
  ['255.255.255.255', 80, /not the address of one host/],
  ['ff02::1', 80, /not the address of one host/],
  ['127.0.0.1', 8080, /own port 8080/],
  ['127.0.0.1', 8888, /own port 8888/],
  ['127.9.9.9', 7860, /own port 7860/],
  ['::1', 7870, /own port 7870/],
  ['0:0:0:0:0:0:0:1', 9500, /own port 9500/],
  ['100.64.0.1', 80, /private/],
  ['localhost', 80, /not a plain IP/],
  ['', 80, /not a plain IP/],
])('%s port %i is rejected', (ip, port, reason) => {
  expect(check(ip, port)).toMatch(reason);
});

test('Private addresses outside of the allowed networks are refused, including loopback', () => {
  const narrow = createAddressCheck({ allowPrivate: cidrs('10.20.0.0/16'), ownPorts: new Set() });
  expect(narrow('10.20.3.4', 80)).toBeUndefined();
  expect(narrow('8.8.8.8', 80)).toBeUndefined();
  for (const ip of ['10.21.0.1', '127.0.0.1', '::1', '192.168.0.1', 'fc00::1'])
    expect(narrow(ip, 80)).toMatch(/private/);
});

test('Allowing every network does not allow metadata services', () => {
  const wide = createAddressCheck({ allowPrivate: cidrs('0.0.0.0/0,::/0'), ownPorts: new Set() });
  expect(wide('169.254.169.254', 80)).toMatch(/metadata/);
  expect(wide('fd00:ec2::254', 80)).toMatch(/metadata/);
  expect(wide('100.64.0.1', 80)).toBeUndefined();
});

test.each(['10.0.0.0', '10.0.0.0/33', 'fc00::/129', '10.0.0/8', 'host/8', '10.0.0.0/-1', '10.0.0.0/8 '])(
  '%j is not a network',
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);
