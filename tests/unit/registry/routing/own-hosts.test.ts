import { refuseOwnHosts } from '../../../../registry/routing/own-hosts.ts';

const addresses: Record<string, string[]> = {
  'parts-gate': ['10.0.0.2', '10.0.0.3'],
  other: ['10.0.0.9'],
  alias: ['10.0.0.3'],
};
const resolve = async (name: string) => {
  const found = addresses[name];
  if (!found) throw new Error('not found');
  return found;
};
const check = (ip: string) => (ip === '10.0.0.66' ? 'is not allowed' : undefined);

test.each(['10.0.0.2', '10.0.0.3'])(
  "An upstream at an address of the gateway's own part (%s) is refused on any port",
  async (ip) => {
    const own = refuseOwnHosts(['parts-gate', 'not-there'], resolve, check);
    await own.resolve('other');
    expect(own.check(ip, 8888)).toMatch(/gateway's own/);
    expect(own.check(ip, 80)).toMatch(/gateway's own/);
  },
);

test('Another name for the same machine is refused too', async () => {
  const own = refuseOwnHosts(['parts-gate'], resolve, check);
  const [ip = ''] = await own.resolve('alias');
  expect(own.check(ip, 8888)).toMatch(/gateway's own/);
});

test('Other addresses pass to the other checks', async () => {
  const own = refuseOwnHosts(['parts-gate'], resolve, check);
  await own.resolve('other');
  expect(own.check('10.0.0.9', 8000)).toBeUndefined();
  expect(own.check('10.0.0.66', 8000)).toBe('is not allowed');
});
