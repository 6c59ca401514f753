import * as z from 'zod';
import { setting } from '../setting.ts';
import { port } from '../values.ts';

/** What `docker compose` reads in addition to the settings of the services ([docker.md]). */
export const composeSettings = {
  COMPOSE_PROFILES: setting(z.string().optional(), ['compose'], {
    purpose:
      '`demo` adds the local stand-in of Cognito; `postgres` adds PostgreSQL, a second auth-server and a second registry; `demo,postgres` adds both ([docker.md](docker.md))',
  }),
  PUBLISH_ADDRESS: setting(z.string().default('127.0.0.1'), ['compose'], {
    purpose:
      'the address of this machine on which nginx is published; `0.0.0.0` for all, which is refused with the stand-in',
  }),
  HTTP_PORT: setting(port.default(80), ['compose'], { purpose: 'the port for http; 8080 in `.env.example`' }),
  HTTPS_PORT: setting(port.default(443), ['compose'], { purpose: 'the port for https; 8443 in `.env.example`' }),
  TLS: setting(z.enum(['off', 'on', 'self-signed']).default('off'), ['compose'], {
    purpose:
      'whether nginx serves https: `on` with the certificate in `TLS_DIR`, `self-signed` with one that it generates. `REGISTRY_URL` must then be https; http is redirected to it',
  }),
  TLS_DIR: setting(z.string().default('./tls'), ['compose'], {
    purpose: 'the folder with `fullchain.pem` and `privkey.pem`, for `TLS=on`',
  }),
  POSTGRES_PASSWORD: setting(z.string().optional(), ['compose'], {
    purpose: 'the password of the database in the profile `postgres`',
    secret: true,
  }),
};
