import { join } from 'node:path';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { JWTVerifyGetKey } from 'jose';
import type { Logger } from '../common/log.ts';
import type { Policy } from '../policy/policy.ts';
import { createChangesApi } from './api/changes.ts';
import { createEditApi } from './api/edit.ts';
import { createHealthApi } from './api/health.ts';
import { createImportApi } from './api/import.ts';
import { createOpenApi } from './api/open-api.ts';
import { createApi } from './api/routes.ts';
import { createSearchApi } from './api/search.ts';
import { createToolChangesApi } from './api/tool-changes.ts';
import { createCatalogue } from './catalogue.ts';
import type { Editor } from './editor.ts';
import { RegistryError } from './errors.ts';
import { createIdentify, requireOperation, requirePerson } from './guards.ts';
import type { Health } from './health.ts';
import { createLegacyApi, createLegacyForms } from './legacy/routes.ts';
import { loadAssets } from './pages/assets.ts';
import { createFailureHandler } from './pages/failure.ts';
import { createRender } from './pages/render.ts';
import { showServer } from './pages/server.ts';
import { showServers } from './pages/servers.ts';
import type { Pins } from './pins/pins.ts';
import type { ToolSearch } from './search/tool-search.ts';
import type { RegisteredServer } from './store/server-store.ts';
import type { RegistryStore } from './store/store.ts';
import { createPublicApi } from './v0/routes.ts';

export interface RegistryParts {
  /** The gateway's public origin, such as `http://localhost:8080`. */
  publicUrl: string;
  /** Finds the auth-server's public keys. */
  keys: JWTVerifyGetKey;
  policy: () => Policy;
  store: RegistryStore;
  editor: Editor;
  healthOf: (name: string) => Health;
  search: ToolSearch;
  /** Asks a server now. */
  check: (server: RegisteredServer) => Promise<Health>;
  pins: Pins;
  /** Told when somebody has approved tools. */
  onApproved?: () => Promise<void>;
  log: Logger;
  now?: () => Date;
}

/** The registry's middleware and routes, in order. Every route but `/health` needs a person. */
export function createApp({
  publicUrl,
  keys,
  policy,
  store,
  editor,
  healthOf,
  search,
  check,
  pins,
  onApproved = async () => undefined,
  log,
  now = () => new Date(),
}: RegistryParts): Express {
  const identify = createIdentify(publicUrl, keys);
  const catalogue = createCatalogue({ store, policy, healthOf, publicUrl });
  const assets = loadAssets(join(import.meta.dirname, 'public'));
  const render = createRender(assets, now);

  const app = express();
  // With express's defaults /API and /api/ would be other routes than the guards below are mounted on.
  app.enable('case sensitive routing').enable('strict routing').disable('etag').set('query parser', 'simple');
  app.use(securityHeaders(publicUrl));
  app.get('/health', (_req, res) => void res.json({ status: 'ok' }));

  app.use('/api', requirePerson(identify, ['#registry', 'mcpgw']));
  // To change something, an assertion for mcpgw must have been made for a call of the very tool that does it.
  app.use(
    '/api',
    createEditApi({
      guard: (tool) => (tool ? requireOperation(identify, tool) : requirePerson(identify, ['#registry'])),
      catalogue,
      store,
      policy,
      editor,
      check,
    }),
  );
  const legacy = { guard: requirePerson(identify, ['#registry']), publicUrl, catalogue, store, policy, editor, check };
  app.use('/api', createImportApi({ guard: requirePerson(identify, ['#registry']), editor }));
  app.use('/api', createOpenApi(publicUrl));
  const guard = requirePerson(identify, ['#registry']);
  app.use('/api', createToolChangesApi({ guard, catalogue, policy, pins, onApproved }));
  app.use(
    '/api',
    createHealthApi(catalogue, (server) => store.observations.history(server, now())),
  );
  app.use('/api', createChangesApi(store, policy), createSearchApi(catalogue, search));
  // After the search, whose address would be a server's tools to it.
  app.use('/api', createLegacyApi(legacy), createApi(catalogue, search));

  const { registeredAt } = store;
  const published = { guard: requirePerson(identify, ['#registry']), catalogue, registeredAt, publicUrl };
  app.use(['/v0.1', '/v0'], createPublicApi(published));
  app.use(createLegacyForms(legacy));

  app.use(requirePerson(identify, ['#registry']));
  app.use('/static', assets.router);
  app.get('/', showServers(catalogue, render));
  app.get('/servers/:name', showServer(catalogue, render));

  app.use(() => {
    throw new RegistryError('not_found', 'There is no page at this address.');
  });
  app.use(createFailureHandler(publicUrl, render, log));
  return app;
}

function securityHeaders(publicUrl: string) {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'connect-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // helmet's no-referrer makes browsers send "Origin: null" with forms, and the auth-server would refuse to sign out.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: publicUrl.startsWith('https:') ? { includeSubDomains: false } : false,
  });
}
