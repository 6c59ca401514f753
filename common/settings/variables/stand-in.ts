import * as z from 'zod';
import { origin } from '../../network/origin.ts';
import { setting } from '../setting.ts';
import { host, list, port, shippedPath } from '../values.ts';

/** The local stand-in of Cognito. `npm run up` starts it when `COGNITO_USER_POOL_ID` is its pool. */
export const standInSettings = {
  COGNITO_HOST: setting(host, ['cognito'], {
    purpose: 'the address that the stand-in listens on; loopback, or 0.0.0.0 inside a container',
  }),
  COGNITO_PORT: setting(port.default(9500), ['cognito', 'up'], { purpose: 'its port' }),
  COGNITO_IN_CONTAINER: setting(z.enum(['true', 'false'], 'must be true or false').default('false'), ['cognito'], {
    purpose: '`true` allows `COGNITO_HOST=0.0.0.0`',
  }),
  COGNITO_PUBLIC_URL: setting(origin.optional(), ['cognito'], {
    purpose: 'the address of the stand-in for browsers',
    shownDefault: '`http://localhost:` and its port',
  }),
  COGNITO_EXTRA_GATEWAY_URLS: setting(list.default([]).pipe(z.array(origin)), ['cognito'], {
    purpose:
      'gateways whose callback and sign-out URLs are registered in addition to those of the seed file. `npm run up` sets it',
  }),
  COGNITO_KEYS_FILE: setting(z.string().optional(), ['cognito'], {
    purpose: 'the file of its keys, so that tokens stay valid after a restart. `npm run up` sets it',
  }),
  COGNITO_SEED_FILE: setting(shippedPath('stand-in', 'seed.yml'), ['cognito'], {
    purpose: 'the file of its users, groups, app clients and scopes',
  }),
  COGNITO_FAULTS: setting(list.default([]), ['cognito'], {
    purpose: 'faults to simulate, such as `slow:3,skew:-600` ([list](stand-in.md#faults))',
  }),
  NODE_ENV: setting(z.string().optional(), ['cognito'], { purpose: 'the stand-in refuses to start with `production`' }),
};
