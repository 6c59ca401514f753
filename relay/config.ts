import { join } from 'node:path';
import * as z from 'zod';
import { origin, port } from '../common/config.ts';

const root = join(import.meta.dirname, '..');

/** The relay's settings, by environment variable; each is explained in `.env.example`. */
export const relayConfig = z.object({
  RELAY_HOST: z.string().default('127.0.0.1'),
  RELAY_PORT: port.default(7870),
  REGISTRY_URL: origin.default('http://localhost:8080'),
  AUTH_SERVER_INTERNAL_URL: origin.default('http://127.0.0.1:8888'),
  SCOPES_FILE: z.string().default(join(root, 'scopes.yml')),
  ROUTES_DIR: z.string().default(join(root, 'data', 'nginx')),
  UPSTREAM_CA_FILE: z.string().optional(),
  MAX_LIST_BYTES: z.coerce.number().int().min(65_536).default(8_388_608),
});
