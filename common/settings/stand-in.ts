import * as z from 'zod';
import { origin } from '../network/origin.ts';
import { port } from './config.ts';
import { setting } from './setting.ts';
import { host, list, path } from './values.ts';

/** The local stand-in of Cognito, which `npm run up` starts when the pool is its own. */
export const standInSettings = {
  COGNITO_HOST: setting(
    host,
    ['cognito'],
    'the address that the stand-in listens on; loopback, or 0.0.0.0 inside a container',
  ),
  COGNITO_PORT: setting(port.default(9500), ['cognito', 'up'], 'its port'),
  COGNITO_IN_CONTAINER: setting(
    z.enum(['true', 'false'], 'must be true or false').default('false'),
    ['cognito'],
    '`true` allows `COGNITO_HOST=0.0.0.0`',
  ),
  COGNITO_PUBLIC_URL: setting(origin.optional(), ['cognito'], 'where browsers reach it', {
    shownDefault: '`http://localhost:` and its port',
  }),
  COGNITO_EXTRA_GATEWAY_URLS: setting(
    list.default([]).pipe(z.array(origin)),
    ['cognito'],
    'gateways whose callback and sign-out URLs it knows besides those of its seed file. `npm run up` sets it',
  ),
  COGNITO_KEYS_FILE: setting(
    z.string().optional(),
    ['cognito'],
    'where it keeps its keys, so that tokens outlive a restart. `npm run up` sets it',
  ),
  COGNITO_SEED_FILE: setting(path('stand-in', 'seed.yml'), ['cognito'], 'its users, groups, app clients and scopes'),
  COGNITO_FAULTS: setting(
    list.default([]),
    ['cognito'],
    'what it does badly on purpose, such as `slow:3,skew:-600` ([list](stand-in.md#faults))',
  ),
  NODE_ENV: setting(z.string().optional(), ['cognito'], 'with `production` the stand-in does not start'),
};
