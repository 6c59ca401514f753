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
  ['a proxy in front says who calls', '203.0.113.9', '203.0.113.9'],
  [
    'several say so one after the other, the last stranger is the caller',
    '198.51.100.7, 203.0.113.9, 10.1.2.3',
    '203.0.113.9',
  ],
  ['nobody says anything', undefined, '127.0.0.1'],
  ['what is said is no address', 'admin', '127.0.0.1'],
])('Behind a trusted proxy, if %s, the log has it', async (_what, forwarded, client) => {
  const mark = `/x${Math.random().toString(36).slice(2)}`;
  await fetch(`http://127.0.0.1:${gateway.ports.gateway}${mark}`, {
    headers: { host: `localhost:${gateway.ports.gateway}`, ...(forwarded && { 'x-forwarded-for': forwarded }) },
  });
  const line = () => gateway.log.find((entry) => entry.startsWith('nginx-access') && entry.includes(mark));
  await eventually(() => line() !== undefined);
  expect(line()).toContain(`"client":"${client}"`);
});

test.each(['10.0.0.0/8; } server {', '$remote_addr', 'all', 'unix:'])(
  'The trusted proxy %j never gets into the configuration of nginx',
  (value) => {
    const shape = z.object({ TRUSTED_PROXIES: settings.TRUSTED_PROXIES.schema });
    expect(() => readConfig(shape, { TRUSTED_PROXIES: value })).toThrow(/TRUSTED_PROXIES/);
  },
);
