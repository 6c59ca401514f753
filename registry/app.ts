import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { JWTVerifyGetKey } from 'jose';
import { everyTool } from '../common/policy/approved-tools-watch.ts';
import type { Logger } from '../common/service/log.ts';
import type { KnownTools } from '../policy/known-tools.ts';
import type { Policy } from '../policy/policy.ts';
import { type Catalogue, createCatalogue } from './access/catalogue.ts';
import { type ChangingTool, createIdentify, requireOperation, requirePerson } from './access/guards.ts';
import { createChangesApi } from './api/changes.ts';
import { createDecisionsApi } from './api/decisions.ts';
import { createEditApi } from './api/edit.ts';
import { createHealthApi } from './api/health.ts';
import { createHubApi } from './api/hub.ts';
import { createImportApi } from './api/import.ts';
import { createDocument } from './api/openapi/document.ts';
import { createOriginalApi, createOriginalForms } from './api/original/routes.ts';
import { createPeopleApi } from './api/people/people.ts';
import { createPolicyApi } from './api/policy.ts';
import { createRequestsApi } from './api/requests.ts';
import { createSearchApi } from './api/search.ts';
import { createApi } from './api/servers.ts';
import { createToolChangesApi } from './api/tool-changes.ts';
import { createUsageApi } from './api/usage.ts';
import { createPublicApi } from './api/v0/routes.ts';
import type { AccountDoor } from './doors/account.ts';
import type { WaitingApprovals } from './doors/approvals.ts';
import type { AuditDoor } from './doors/decisions.ts';
import type { ExportDecisions } from './doors/export.ts';
import type { LimitsDoor } from './doors/limits.ts';
import type { PeopleDoor } from './doors/people.ts';
import type { PolicyDoor } from './doors/policy.ts';
import type { SeenDoor } from './doors/seen.ts';
import type { ReadUsage } from './doors/usage.ts';
import type { Editor } from './editing/editor.ts';
import { RegistryError } from './errors/registry-error.ts';
import type { ConnectionTest } from './health/probe/connection-test.ts';
import type { Icons } from './icons/icons.ts';
import { serveIcon } from './icons/serve-icon.ts';
import { createAccessPages } from './pages/access/access-pages.ts';
import { createAccountPages } from './pages/account/account.ts';
import { createAuditPages } from './pages/audit/audit.ts';
import type { ClientLogins } from './pages/connect/connect.ts';
import { createAllChanges } from './pages/details/all-changes.ts';
import { showServer } from './pages/details/details.ts';
import { tabs } from './pages/details/view.ts';
import { createActions } from './pages/forms/actions.ts';
import { createDeletePages } from './pages/forms/delete.ts';
import { createEditPages } from './pages/forms/edit.ts';
import { createRegisterPages } from './pages/forms/register.ts';
import { showNearLimits } from './pages/limits/near-page.ts';
import { showServers } from './pages/list/servers.ts';
import { createLive } from './pages/live/live.ts';
import { createOwnerPages } from './pages/owner/owner.ts';
import { showPalette } from './pages/palette/palette.ts';
import { createPeoplePages } from './pages/people/people.ts';
import { createRequestPages } from './pages/requests/requests-pages.ts';
import { showRights } from './pages/rights/rights-page.ts';
import { createSetPages } from './pages/sets/set-pages.ts';
import { loadAssets } from './pages/shared/assets.ts';
import { createFailureHandler } from './pages/shared/failure.ts';
import { createNavigation } from './pages/shared/navigation.ts';
import { createNotes, showNote } from './pages/shared/notes.ts';
import { createRender, type Render, showKitchenSink } from './pages/shared/render.ts';
import { createToReview } from './pages/shared/to-review.ts';
import { showTry } from './pages/try/try-page.ts';
import { showUsage } from './pages/usage/usage-page.ts';
import type { ApprovedDefinitions } from './pins/approved-definitions.ts';
import type { Requests } from './requests/requests.ts';
import type { UpstreamAuth } from './routing/upstream-auth.ts';
import type { ToolSearch } from './search/tool-search.ts';
import type { RegisteredServer } from './servers/server.ts';
import type { Health } from './servers/server-health.ts';
import type { RegistryStore } from './store/store.ts';

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
  /** The servers' own icons; undefined for none. */
  icons?: Pick<Icons, 'of' | 'find'>;
  /** Checks a server now. */
  check: (server: RegisteredServer) => Promise<Health>;
  /** Tests a connection before anything is saved. */
  connect: ConnectionTest;
  /** Which credentials servers may use. */
  upstreamAuth: Pick<UpstreamAuth, 'problem' | 'titleOf' | 'accountsFor'>;
  audit: AuditDoor;
  exportDecisions: ExportDecisions;
  readUsage: ReadUsage;
  account: AccountDoor;
  /** Held calls that wait for people; none if the registry is not told of any. */
  approvals?: WaitingApprovals;
  people: PeopleDoor;
  limits: LimitsDoor;
  /** The versions of the policy. */
  policyDoor: PolicyDoor;
  /** How many people of groups were seen lately. */
  seen: SeenDoor;
  /** What people ask for. */
  requests: Requests;
  definitions: ApprovedDefinitions;
  /** The tools that the gate lets through (`TOOL_CHANGES=refuse`); undefined where tools need no approval. */
  knownTools?: () => KnownTools;
  /** Called after tools were approved. */
  onApproved?: () => Promise<void>;
  /** With which MCP clients people may log in; all if undefined. */
  clientLogins?: ClientLogins;
  log: Logger;
  /** Serves the kitchen sink: every part of the pages, for those who change them. */
  isDevelopment?: boolean;
  now?: () => Date;
}

const anyClient: ClientLogins = { allowed: 'any', hosts: [] };
const noIcons: Pick<Icons, 'of' | 'find'> = { of: () => undefined, find: () => undefined };

/** The registry's middleware and routes, in order. Every route but `/health` needs a person. */
export function createApp(parts: RegistryParts): Express {
  const { publicUrl, keys, policy, store, editor, search, check, definitions, log } = parts;
  const { onApproved = async () => undefined, knownTools = () => everyTool } = parts;
  const { icons = noIcons, clientLogins = anyClient, now = () => new Date() } = parts;
  const identify = createIdentify(publicUrl, keys);
  const guard = requirePerson(identify, ['#registry']);
  const catalogue = createCatalogue({ ...parts, accountTitleOf: parts.upstreamAuth.titleOf });
  const assets = loadAssets();
  const toReview = createToReview({ policy, store, definitions });
  const render = createRender(assets, createNavigation(policy, toReview, parts.requests.count, parts.approvals), now);

  const app = createOpenApp(publicUrl);
  app.use('/api/hub', createHubApi({ ...parts, servers: store.list, knownTools, identify }));
  app.use('/api', requirePerson(identify, ['#registry', 'mcpgw']));
  // An assertion for mcpgw may only change what the tool it was made for changes.
  const guardFor = (tool?: ChangingTool) => (tool ? requireOperation(identify, tool) : guard);
  app.use('/api', createEditApi({ guard: guardFor, catalogue, store, policy, editor, check }));
  app.use('/api', createImportApi(guard, editor), createDecisionsApi({ ...parts, guard, now }));
  app
    .use(
      '/api',
      createPeopleApi({ ...parts, guard }),
      createPolicyApi({ ...parts, guard }),
      createRequestsApi({ ...parts, knownTools, guard }),
    )
    .get('/api/openapi.json', showDocument(publicUrl));
  app.use('/api', createToolChangesApi({ guard, catalogue, policy, definitions, onApproved }));
  const historyOf = (server: string) => store.observations.history(server, now());
  app.use('/api', createHealthApi(catalogue, historyOf), createUsageApi({ ...parts, guard }));
  const shown = { ...parts, catalogue, knownTools, clientLogins, iconOf: icons.of, now };
  app.use('/-', createLive({ ...shown, guard, draw: render.part }));
  app.use('/api', createChangesApi(store, policy), createSearchApi(catalogue, search, definitions));
  // After the search: this router would take /tools/search for the tools of a server.
  const original = { guard, publicUrl, catalogue, store, policy, editor, check };
  app.use('/api', createOriginalApi(original), createApi(catalogue, search));

  app.use(['/v0.1', '/v0'], createPublicApi({ identify, catalogue, registeredAt: store.registeredAt, publicUrl }));
  app.use(createOriginalForms(original));

  app.use(guard);
  addPages(app, { ...shown, icons, assets, render, onApproved });
  app.use(() => {
    throw new RegistryError('not_found', 'There is no page at this address.');
  });
  app.use(createFailureHandler(publicUrl, render, log));
  return app;
}

/** The parts as pages use them, with every default. */
type PageParts = Required<Omit<RegistryParts, 'isDevelopment' | 'approvals'>> &
  Pick<RegistryParts, 'isDevelopment'> & {
    catalogue: Catalogue;
    iconOf: Icons['of'];
    assets: ReturnType<typeof loadAssets>;
    render: Render;
  };

/** The pages, which need a person. */
function addPages(app: Express, shown: PageParts): void {
  const { publicUrl, catalogue, icons, assets, render, clientLogins, onApproved } = shown;
  if (shown.isDevelopment) app.get('/static/kitchen-sink', showKitchenSink(render));
  app.use('/static', assets.router).get('/icons/:hash', serveIcon(icons, catalogue));
  app.get('/-/palette', showPalette(shown, createNavigation(shown.policy)));
  const notes = createNotes();
  app.use(showNote(notes));
  const forms = { ...shown, notes };
  // Before the page of a server: `register` is a reserved name.
  app.use(createSetPages(forms), createRegisterPages(forms), createEditPages(forms), createDeletePages(forms));
  app.use(createOwnerPages(forms));
  app.use(createActions({ ...forms, onApproved }), createAuditPages(forms));
  app.get('/', showServers({ ...shown, publicUrl }, render));
  app.get('/access/limits', showNearLimits(shown, render));
  app.get('/rights', showRights(shown, render)).get('/usage', showUsage(shown, render));
  app.use(createAllChanges(shown, render), createAccountPages({ ...forms, clientLogins }), createPeoplePages(forms));
  app.use(createRequestPages(forms), createAccessPages(forms));
  for (const tab of tabs) app.get(`/servers/:name${tab === 'tools' ? '' : `/${tab}`}`, showServer(shown, render, tab));
  app.get('/servers/:name/tools/:tool/try', showTry(shown, render));
}

/** The app with what needs no person: the headers of every answer, and `/health`. */
function createOpenApp(publicUrl: string): Express {
  const app = express();
  // Express's defaults would route /API and /api/ past the guards below, which are mounted on /api.
  app.enable('case sensitive routing').enable('strict routing').disable('etag').set('query parser', 'simple');
  app.use(securityHeaders(publicUrl));
  app.get('/health', (_req, res) => void res.json({ status: 'ok' }));
  // No answer is cached, except the files of `/static`, which set their own header.
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  return app;
}

/** Makes the OpenAPI document with the first request: it takes longer than the rest of the app. */
function showDocument(publicUrl: string): RequestHandler {
  let document: ReturnType<typeof createDocument> | undefined;
  return (_req, res) => {
    document ??= createDocument(publicUrl);
    res.json(document);
  };
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
    // With helmet's no-referrer, browsers send "Origin: null" with forms, and the auth-server would reject the sign-out.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: publicUrl.startsWith('https:') ? { includeSubDomains: false } : false,
  });
}
