import * as z from 'zod';
import { readConfig } from '../../common/settings/config.ts';
import { settings } from '../../common/settings/table.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { eventually } from '../support/servers/mcp-clients.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ TRUSTED_PROXIES: '127.0.0.1, ::1, 10.0.0.0/8' });
}, 180_000);
afterAll(() => gateway?.stop());

test.each([
  ['a proxy in front names the client', '203.0.113.9', '203.0.113.9'],
  [
    'the header names several addresses, of which the last untrusted one is the client',
    '198.51.100.7, 203.0.113.9, 10.1.2.3',
    '203.0.113.9',
  ],
  ['the header is missing', undefined, '127.0.0.1'],
  ['the header is not an address', 'admin', '127.0.0.1'],
])("Behind a trusted proxy the log shows the client's address if %s", async (_what, forwarded, client) => {
  const mark = `/x${Math.random().toString(36).slice(2)}`;
  await fetch(`http://127.0.0.1:${gateway.ports.gateway}${mark}`, {
    headers: { host: `localhost:${gateway.ports.gateway}`, ...(forwarded && { 'x-forwarded-for': forwarded }) },
  });
  const line = () => gateway.log.find((entry) => entry.startsWith('nginx-access') && entry.includes(mark));
  await eventually(() => line() !== undefined);
  expect(line()).toContain(`"client":"${client}"`);
});

test.each(['10.0.0.0/8; } server {', '$remote_addr', 'all', 'unix:'])(
  'The invalid trusted proxy %j is never written to the configuration of nginx',
  (value) => {
    const shape = z.object({ TRUSTED_PROXIES: settings.TRUSTED_PROXIES.schema });
    expect(() => readConfig(shape, { TRUSTED_PROXIES: value })).toThrow(/TRUSTED_PROXIES/);
  },
);
