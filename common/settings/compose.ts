import * as z from 'zod';
import { port } from './config.ts';
import { setting } from './setting.ts';

/** What `docker compose` reads beside the settings of the services ([docker.md]). */
export const composeSettings = {
  COMPOSE_PROFILES: setting(
    z.string().optional(),
    ['compose'],
    '`demo` adds the stand-in of Cognito, `postgres` a PostgreSQL with a second auth-server and a second registry; `demo,postgres` both ([docker.md](docker.md))',
  ),
  PUBLISH_ADDRESS: setting(
    z.string().default('127.0.0.1'),
    ['compose'],
    'the address of this machine where nginx is reached; `0.0.0.0` for everybody, which is refused with the stand-in',
  ),
  HTTP_PORT: setting(port.default(80), ['compose'], 'the port for http; 8080 in `.env.example`'),
  HTTPS_PORT: setting(port.default(443), ['compose'], 'the port for https; 8443 in `.env.example`'),
  TLS: setting(
    z.enum(['off', 'on', 'self-signed']).default('off'),
    ['compose'],
    'whether nginx speaks https: `on` with the certificate in `TLS_DIR`, `self-signed` with one that it makes itself. `REGISTRY_URL` must be https then; http leads there',
  ),
  TLS_DIR: setting(
    z.string().default('./tls'),
    ['compose'],
    'the folder with `fullchain.pem` and `privkey.pem`, for `TLS=on`',
  ),
  POSTGRES_PASSWORD: setting(
    z.string().optional(),
    ['compose'],
    'the password of the database of the profile `postgres`',
    { secret: true },
  ),
};
