import * as z from 'zod';
import { origin, port } from '../config.ts';
import { setting } from './setting.ts';
import { host, path, ports } from './values.ts';

/** Where the parts listen, find each other, and keep things. */
export const innerSettings = {
  AUTH_SERVER_HOST: setting(host, ['auth-server'], 'the address that the auth-server listens on'),
  AUTH_SERVER_PORT: setting(port.default(8888), ['auth-server', 'up'], 'its port'),
  METRICS_HOST: setting(
    host,
    ['auth-server'],
    'the address where it shows its metrics ([operations.md](operations.md)); they ask for no credentials',
  ),
  METRICS_PORT: setting(port.default(9464), ['auth-server', 'up'], 'the port of the metrics'),
  REGISTRY_HOST: setting(host, ['registry'], 'the address that the registry listens on'),
  REGISTRY_PORT: setting(port.default(7860), ['registry', 'up'], 'its port'),
  RELAY_HOST: setting(host, ['relay'], 'the address that the relay listens on'),
  RELAY_PORT: setting(port.default(7870), ['relay', 'up'], 'its port'),
  CURRENTTIME_HOST: setting(host, ['currenttime'], 'the address that the server currenttime listens on'),
  CURRENTTIME_PORT: setting(port.default(8000), ['currenttime', 'up'], 'its port'),
  MCPGW_HOST: setting(host, ['mcpgw'], 'the address that the server mcpgw listens on'),
  MCPGW_PORT: setting(port.default(8003), ['mcpgw', 'up'], 'its port'),
  AUTH_SERVER_INTERNAL_URL: setting(
    origin.default('http://127.0.0.1:8888'),
    ['registry', 'relay'],
    'where the others reach the auth-server. `npm run up` sets it',
  ),
  REGISTRY_INTERNAL_URL: setting(
    origin.default('http://127.0.0.1:7860'),
    ['auth-server', 'mcpgw'],
    'where the others reach the registry. `npm run up` sets it',
  ),
  RELAY_INTERNAL_URL: setting(
    origin.default('http://127.0.0.1:7870'),
    ['auth-server'],
    'where the auth-server reaches the relay. `npm run up` sets it',
  ),
  OWN_PORTS: setting(
    ports.prefault('8080,8888,7860,7870,9464,9500'),
    ['registry'],
    "the gateway's own ports, which no MCP server may claim. `npm run up` sets it",
  ),
  DATA_DIR: setting(
    z.string().default('data'),
    ['auth-server', 'registry'],
    'the folder of the databases. `npm run up` sets it',
  ),
  DATABASE_URL: setting(
    z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must look like postgres://user:password@host/database')
      .optional(),
    ['auth-server', 'registry'],
    'a PostgreSQL database instead of the files in `DATA_DIR`, for several machines',
    { secret: true, shownDefault: 'the files in `DATA_DIR`' },
  ),
  ROUTES_DIR: setting(
    path('data', 'nginx'),
    ['registry', 'relay'],
    'the folder in which the registry writes the routes for nginx. `npm run up` sets it',
  ),
  UP_DATA_DIR: setting(path('data'), ['up'], "where `npm run up` keeps the database, generated keys and nginx's files"),
};
